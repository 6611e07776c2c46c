#include "http/access_policy.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <regex>

#include <boost/asio/ip/address.hpp>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/error.h"

namespace axllama::http {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t kMaxExpressionInput = 256;  // std::regex recurses over its input

constexpr std::string_view kAllowedMethods = "GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS";
constexpr std::string_view kAllowedHeaders =
    "Authorization,Content-Type,User-Agent,Accept,X-Requested-With,OpenAI-Beta,X-Stainless-Arch,X-Stainless-"
    "Async,"
    "X-Stainless-Custom-Poll-Interval,X-Stainless-Helper-Method,X-Stainless-Lang,X-Stainless-Os,"
    "X-Stainless-Package-Version,X-Stainless-Poll-Helper,X-Stainless-Retry-Count,X-Stainless-Runtime,"
    "X-Stainless-Runtime-Version,X-Stainless-Timeout,X-Api-Key,Anthropic-Version,Anthropic-Beta,"
    "Anthropic-Dangerous-Direct-Browser-Access,Last-Event-ID,X-Axllama-Resumable";
constexpr std::string_view kExposedHeaders = "X-Axllama-Stream-Id,X-Request-Id,Retry-After";

constexpr std::array<std::string_view, 7> kOriginSchemes{"http://",
                                                         "https://",
                                                         "chrome-extension://",
                                                         "safari-extension://",
                                                         "moz-extension://",
                                                         "safari-web-extension://",
                                                         "ms-browser-extension://"};

bool is_private(const ip::address& address) {
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return bytes[0] == 10 || (bytes[0] == 172 && (bytes[1] & 0xf0) == 16) ||
           (bytes[0] == 192 && bytes[1] == 168);
  }
  return (address.to_v6().to_bytes()[0] & 0xfe) == 0xfc;
}

ip::address unmapped(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return address;
}

std::optional<ip::address> address_of(const sockaddr* address) {
  if (address == nullptr) {
    return std::nullopt;
  }
  if (address->sa_family == AF_INET) {
    return ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    ip::address_v6::bytes_type bytes{};
    const auto& source = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr.s6_addr;
    std::copy(std::begin(source), std::end(source), bytes.begin());
    return ip::address_v6(bytes);
  }
  return std::nullopt;
}

bool is_interface_address(const ip::address& address) {
  ifaddrs* raw = nullptr;
  if (getifaddrs(&raw) != 0) {
    return false;
  }
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(raw, &freeifaddrs);
  for (const ifaddrs* entry = list.get(); entry != nullptr; entry = entry->ifa_next) {
    if (address_of(entry->ifa_addr) == address) {
      return true;
    }
  }
  return false;
}

std::string machine_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? to_lower(name.data()) : std::string();
}

/// The host of a Host header without its port and brackets, in lower case.
std::string host_name(std::string_view header) {
  if (header.starts_with('[') && header.find(']') != std::string_view::npos) {
    return to_lower(header.substr(1, header.find(']') - 1));
  }
  const auto colon = header.find(':');
  if (colon != std::string_view::npos && header.find(':', colon + 1) == std::string_view::npos) {
    header = header.substr(0, colon);
  }
  return to_lower(header);
}

bool is_allowed_name(const std::string& host) {
  if (host.empty() || host == "localhost" || host == machine_name()) {
    return true;
  }
  return host.ends_with(".localhost") || host.ends_with(".local") || host.ends_with(".internal");
}

bool is_allowed_address(const std::string& host) {
  boost::system::error_code error;
  ip::address address = ip::make_address(host, error);
  if (error) {
    return false;
  }
  address = unmapped(address);
  return address.is_loopback() || address.is_unspecified() || is_private(address) ||
         is_interface_address(address);
}

std::vector<std::string> default_origins() {
  std::vector<std::string> origins;
  for (const char* host : {"localhost", "127.0.0.1", "0.0.0.0"}) {
    for (const char* scheme : {"http://", "https://"}) {
      origins.push_back(std::string(scheme) + host);
      origins.push_back(std::string(scheme) + host + ":*");
    }
  }
  for (const char* scheme : {"app", "file", "tauri", "vscode-webview", "vscode-file"}) {
    origins.push_back(std::string(scheme) + "://*");
  }
  return origins;
}

}  // namespace

std::vector<std::string> split_origins(std::string_view list) {
  std::vector<std::string> origins;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view entry = trim(list.substr(0, comma));
    if (!entry.empty()) {
      origins.emplace_back(entry);
    }
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  }
  return origins;
}

AccessPolicy::AccessPolicy(const std::vector<std::string>& origins, bool check_host)
    : check_host_(check_host) {
  std::vector<std::string> entries = origins;
  for (std::string& origin : default_origins()) {
    entries.push_back(std::move(origin));
  }
  for (const std::string& entry : entries) {
    if (entry == "*") {
      allow_all_ = true;
      continue;
    }
    if (entry.size() > 2 && entry.starts_with('/') && entry.ends_with('/')) {
      const std::string expression = entry.substr(1, entry.size() - 2);
      try {
        static_cast<void>(std::regex(expression));
      } catch (const std::regex_error&) {
        throw base::Error(base::ErrorCode::kInvalidArgument,
                          "bad origin: \"" + entry + "\" is not a valid regular expression");
      }
      expressions_.push_back(expression);
      continue;
    }
    const std::string origin = to_lower(entry);
    const auto star = origin.find('*');
    if (star != std::string::npos) {
      if (origin.find('*', star + 1) != std::string::npos) {
        throw base::Error(base::ErrorCode::kInvalidArgument,
                          "bad origin: only one * is allowed in \"" + entry + "\"");
      }
      wildcards_.push_back({origin.substr(0, star), origin.substr(star + 1)});
      continue;
    }
    if (std::none_of(kOriginSchemes.begin(), kOriginSchemes.end(),
                     [&](std::string_view scheme) { return origin.starts_with(scheme); })) {
      throw base::Error(base::ErrorCode::kInvalidArgument,
                        "bad origin: \"" + entry + "\" must contain a * or begin with http:// or https://");
    }
    exact_.push_back(origin);
  }
}

bool AccessPolicy::allows_origin(std::string_view origin) const {
  if (allow_all_) {
    return true;
  }
  const std::string lower = to_lower(origin);
  if (std::find(exact_.begin(), exact_.end(), lower) != exact_.end()) {
    return true;
  }
  for (const Wildcard& wildcard : wildcards_) {
    if (lower.size() >= wildcard.prefix.size() + wildcard.suffix.size() &&
        lower.starts_with(wildcard.prefix) && lower.ends_with(wildcard.suffix)) {
      return true;
    }
  }
  if (origin.size() > kMaxExpressionInput) {
    return false;
  }
  return std::any_of(expressions_.begin(), expressions_.end(), [&](const std::string& expression) {
    return std::regex_search(origin.begin(), origin.end(), std::regex(expression));
  });
}

bool AccessPolicy::allows_host(std::string_view host_header) {
  const std::string host = host_name(trim(host_header));
  return is_allowed_address(host) || is_allowed_name(host);
}

AccessDecision AccessPolicy::decide(std::string_view method, const Headers& headers) const {
  AccessDecision decision;
  const std::string* host_header = headers.find("Host");
  const std::string host = host_header == nullptr ? std::string() : *host_header;
  const std::string* origin = headers.find("Origin");
  if (origin != nullptr && !origin->empty() && *origin != "http://" + host && *origin != "https://" + host) {
    if (!allows_origin(*origin)) {
      decision.kind = AccessDecision::Kind::kForbidden;
      decision.message =
          "the web page at " + *origin +
          " may not use this server; to allow it, start the server with OLLAMA_ORIGINS=" + *origin;
      return decision;
    }
    decision.headers.emplace_back("Access-Control-Allow-Origin", allow_all_ ? "*" : *origin);
    if (method == "OPTIONS") {
      decision.kind = AccessDecision::Kind::kNoContent;
      decision.headers.emplace_back("Access-Control-Allow-Methods", kAllowedMethods);
      decision.headers.emplace_back("Access-Control-Allow-Headers", kAllowedHeaders);
      decision.headers.emplace_back("Access-Control-Max-Age", "43200");
      if (!allow_all_) {
        decision.headers.emplace_back(
            "Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
      }
      return decision;
    }
    decision.headers.emplace_back("Access-Control-Expose-Headers", kExposedHeaders);
    if (!allow_all_) {
      decision.headers.emplace_back("Vary", "Origin");
    }
  }
  if (check_host_) {
    const std::string name = host_name(trim(host));
    if (!is_allowed_address(name)) {
      if (!is_allowed_name(name)) {
        decision.kind = AccessDecision::Kind::kForbidden;
        decision.message =
            "the host name \"" + name +
            "\" is not one of this machine's; use localhost or an address, or let the server listen on "
            "every address with OLLAMA_HOST=0.0.0.0";
      } else if (method == "OPTIONS") {
        decision.kind = AccessDecision::Kind::kNoContent;
      }
    }
  }
  return decision;
}

}  // namespace axllama::http
