#include "http/endpoint.h"

#include <charconv>
#include <optional>

#include "http/headers.h"

namespace axllama::http {
namespace {

bool is_ipv6(const std::string& host) {
  return host.find(':') != std::string::npos;
}

std::string bracketed(const std::string& host) {
  return is_ipv6(host) ? "[" + host + "]" : host;
}

std::string_view strip(std::string_view text) {
  constexpr std::string_view kDropped = " \t\r\n\"'";
  const auto first = text.find_first_not_of(kDropped);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kDropped) - first + 1);
}

/// "host:port" or "[v6]:port" cut in two; empty when there is no port, or when colons make it ambiguous.
std::optional<std::pair<std::string, std::string>> split_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::pair(std::string(host), std::string(text.substr(colon + 1)));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return port;
}

}  // namespace

std::string Endpoint::authority() const {
  return bracketed(host) + ":" + std::to_string(port);
}

std::string Endpoint::base_url() const {
  std::string reachable = host;
  if (host.empty() || host == "0.0.0.0") {
    reachable = "127.0.0.1";
  } else if (host == "::") {
    reachable = "::1";
  }
  return scheme + "://" + bracketed(reachable) + ":" + std::to_string(port) + path;
}

ParsedEndpoint parse_endpoint(std::string_view text, std::uint16_t default_port) {
  ParsedEndpoint result;
  std::string_view rest = strip(text);
  const auto scheme_end = rest.find("://");
  if (scheme_end != std::string_view::npos) {
    result.endpoint.scheme = to_lower(rest.substr(0, scheme_end));
    rest.remove_prefix(scheme_end + 3);
    if (result.endpoint.scheme == "https") {
      default_port = 443;
    } else {
      if (result.endpoint.scheme != "http") {
        result.warning = "the scheme \"" + result.endpoint.scheme + "\" in \"" + std::string(text) +
                         "\" is neither http nor https; http is used";
        result.endpoint.scheme = "http";
      }
      default_port = 80;
    }
  }
  const auto slash = rest.find('/');
  if (slash != std::string_view::npos) {
    std::string_view path = rest.substr(slash);
    while (path.ends_with('/')) {
      path.remove_suffix(1);
    }
    result.endpoint.path = path;
    rest = rest.substr(0, slash);
  }
  result.endpoint.port = default_port;
  auto host_port = split_host_port(rest);
  if (!host_port) {
    std::string_view bare = rest;
    if (bare.starts_with('[') && bare.ends_with(']')) {
      bare = bare.substr(1, bare.size() - 2);
    }
    if (!bare.empty()) {
      result.endpoint.host = bare;
    }
    return result;
  }
  result.endpoint.host = std::move(host_port->first);
  if (const auto port = parse_port(host_port->second)) {
    result.endpoint.port = *port;
  } else {
    result.warning = "the port \"" + host_port->second + "\" in \"" + std::string(text) +
                     "\" is not a number from 0 to 65535; port " + std::to_string(default_port) + " is used";
  }
  return result;
}

}  // namespace axllama::http
