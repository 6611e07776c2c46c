#include "store/transfer/registry.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <openssl/rand.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/error.h"
#include "http/url.h"
#include "store/durable_file.h"
#include "store/identity.h"
#include "store/sha256.h"
#include "store/transfer/range_request.h"
#include "telemetry/log.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

/// realm, service and scope of `Bearer realm="...",service="..."`; the scheme in lower case under "".
std::map<std::string, std::string> parse_challenge(const std::string& text) {
  std::map<std::string, std::string> parts;
  const auto space = text.find(' ');
  parts[""] = http::to_lower(text.substr(0, space));
  std::size_t at = space;
  while (at != std::string::npos && at < text.size()) {
    at = text.find_first_not_of(" ,", at);
    const auto equals = text.find('=', at);
    if (at == std::string::npos || equals == std::string::npos) break;
    const std::string name = http::to_lower(text.substr(at, equals - at));
    const bool quoted = equals + 1 < text.size() && text[equals + 1] == '"';
    const std::size_t begin = equals + (quoted ? 2 : 1);
    const std::size_t end = std::min(text.find(quoted ? '"' : ',', begin), text.size());
    parts[name] = text.substr(begin, end - begin);
    at = end + 1;
  }
  return parts;
}

/// "https://host:port" of a URL.
std::string origin_of(const std::string& url) {
  const auto scheme = url.find("://");
  return scheme == std::string::npos ? std::string() : url.substr(0, url.find('/', scheme + 3));
}

std::string host_of(const std::string& base) {
  const auto scheme = base.find("://");
  return scheme == std::string::npos ? base : base.substr(scheme + 3);
}

std::string encode_query(const std::string& text) {
  std::string out;
  for (const char c : http::percent_encode_path(text))
    out += c == '/' ? std::string("%2F") : std::string(1, c);
  return out;
}

using QueryFields = std::vector<std::pair<std::string, std::string>>;

/// What a token is asked for, by name.
QueryFields token_query(const std::map<std::string, std::string>& challenge) {
  QueryFields fields;
  const auto scope = challenge.find("scope");
  std::istringstream scopes(scope == challenge.end() ? "" : scope->second);
  for (std::string one; scopes >> one;) fields.emplace_back("scope", one);
  const auto service = challenge.find("service");
  fields.emplace_back("service", service == challenge.end() ? "" : service->second);
  return fields;
}

std::string with_query(const std::string& url, const QueryFields& fields) {
  std::string text = url;
  char before = url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : fields) {
    text += before + name + "=" + encode_query(value);
    before = '&';
  }
  return text;
}

/// 16 random bytes in base64's form for URLs: what makes a signature good for one request only.
std::string nonce() {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw Error(ErrorCode::kInternal, "OpenSSL cannot give random bytes");
  }
  std::string text = base::to_base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  std::erase(text, '=');
  return text;
}

/// Ollama's proof of who asks: "public key:signature" of the method, the URL, and the empty body's digest.
std::string signed_authorization(const Identity& identity, const std::string& url) {
  const std::string body_digest = base::to_base64(Sha256().hex());
  return identity.public_key() + ":" + identity.sign("GET," + url + "," + body_digest);
}

/// The key, unless there is none or it cannot be used, of which the log tells.
std::optional<Identity> identity_of(const TransferOptions& options) {
  if (options.identity.empty()) return std::nullopt;
  try {
    return Identity::load(options.identity);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) {
      telemetry::log(telemetry::LogLevel::kWarning, error.message());
    }
    return std::nullopt;
  }
}

}  // namespace

struct RegistryAuthorization::Impl {
  std::string base;
  TransferOptions options;
  std::string credentials;  // "user:password" or empty
  std::mutex mutex;
  std::string header;  // value of Authorization, or empty

  /// What the token's giver answers to this value of Authorization; nothing when it refuses.
  std::optional<std::string> token(const std::string& url, const std::string& authorization) const {
    http::FetchRequest request{.url = url};
    if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
    const http::FetchResponse response = http::Fetcher(options.fetch).fetch(request);
    if (response.head.status != 200) return std::nullopt;
    const Json answer = Json::parse(response.body, nullptr, false);
    for (const char* name : {"token", "access_token"}) {
      if (answer.is_object() && answer.contains(name) && answer[name].is_string()) {
        return answer[name].get<std::string>();
      }
    }
    return std::nullopt;
  }
};

RegistryAuthorization::RegistryAuthorization(std::string base, const TransferOptions& options,
                                             std::string fixed)
    : impl_(std::make_unique<Impl>()) {
  impl_->base = std::move(base);
  impl_->options = options;
  impl_->header = std::move(fixed);
  const auto found = options.registry_credentials.find(host_of(impl_->base));
  if (found != options.registry_credentials.end()) impl_->credentials = found->second;
}

RegistryAuthorization::~RegistryAuthorization() = default;

HeaderFields RegistryAuthorization::headers() {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->header.empty()) return {};
  return {{"Authorization", impl_->header}};
}

bool RegistryAuthorization::renew(const http::FetchHead& refusal) {
  const std::string* field = refusal.headers.find("WWW-Authenticate");
  if (field == nullptr) return false;
  std::map<std::string, std::string> challenge = parse_challenge(*field);
  const std::lock_guard lock(impl_->mutex);
  const std::string basic = impl_->credentials.empty() ? "" : "Basic " + base::to_base64(impl_->credentials);
  if (challenge[""] == "basic") {
    if (basic.empty() || impl_->header == basic) return false;
    impl_->header = basic;
    return true;
  }
  const std::string realm = challenge["realm"];
  if (challenge[""] != "bearer" || realm.empty()) return false;
  if (origin_of(realm) != impl_->base) {  // credentials do not leave for another host
    throw Error(ErrorCode::kInvalidArgument, "the registry " + impl_->base +
                                                 " sends clients for tokens to another host, " + realm +
                                                 "; that is not followed");
  }
  const QueryFields query = token_query(challenge);
  std::optional<std::string> token;
  if (!basic.empty()) {
    token = impl_->token(with_query(realm, query), basic);
  } else {
    if (const std::optional<Identity> identity = identity_of(impl_->options)) {
      // In the order of their names, as the other side puts them together again.
      QueryFields proof = query;
      proof.emplace(proof.begin(), "nonce", nonce());
      proof.emplace_back("ts", std::to_string(std::time(nullptr)));
      const std::string url = with_query(realm, proof);
      token = impl_->token(url, signed_authorization(*identity, url));
    }
    if (!token) token = impl_->token(with_query(realm, query), "");
  }
  if (!token) return false;
  impl_->header = "Bearer " + *token;
  return true;
}

std::string RegistryAuthorization::advice() const {
  return "give the registry's credentials as AXLLAMA_REGISTRY_AUTH=\"" + host_of(impl_->base) +
         "=USER:PASSWORD\", or make the key " + impl_->options.identity.string() +
         ".pub known to your account there";
}

std::string registry_base(const ModelName& name, bool insecure) {
  const std::string scheme = !name.scheme.empty() ? name.scheme : insecure ? "http" : "https";
  return scheme + "://" + name.host;
}

Registry::Registry(std::string base, std::string space, std::string model, Authorization& authorization,
                   const TransferOptions& options)
    : base_(std::move(base)),
      repository_(base_ + "/v2/" + space + "/" + model),
      authorization_(authorization),
      options_(options),
      fetcher_(options.fetch) {}

http::FetchResponse Registry::send(http::FetchRequest request, const std::atomic<bool>& cancelled) {
  http::FetchResponse response = fetch_patiently(fetcher_, std::move(request), authorization_, options_,
                                                 reached_ ? Contact::kUnderWay : Contact::kFirst, cancelled);
  reached_ = true;
  return response;
}

std::string Registry::manifest(const std::string& tag, const std::atomic<bool>& cancelled) {
  const http::FetchResponse response = send(
      {.url = repository_ + "/manifests/" + tag, .headers = {{"Accept", std::string(media_type::kManifest)}}},
      cancelled);
  if (response.head.status != 200) throw_status(response, authorization_);
  return response.body;
}

RemoteFile Registry::file(const Layer& layer) const {
  return {.name = layer.name.empty() ? layer.digest.text() : layer.name,
          .url = repository_ + "/blobs/" + layer.digest.text(),
          .size = layer.size,
          .digest = layer.digest};
}

bool Registry::has_blob(const Digest& digest, const std::atomic<bool>& cancelled) {
  const http::FetchResponse response =
      send({.method = "HEAD", .url = repository_ + "/blobs/" + digest.text()}, cancelled);
  if (response.head.status == 200) return true;
  if (response.head.status == 404) return false;
  throw_status(response, authorization_);
}

std::string Registry::absolute(const std::string& location) const {
  return location.find("://") == std::string::npos ? base_ + location : location;
}

void Registry::upload(const Layer& layer, const std::filesystem::path& blob, const SentFunction& sent,
                      const std::atomic<bool>& cancelled) {
  const auto location_of = [this](const http::FetchResponse& response) {
    const std::string* location = response.head.headers.find("Location");
    if (location == nullptr) throw_status(response, authorization_);
    return absolute(*location);
  };
  const http::FetchResponse begun =
      send({.method = "POST", .url = repository_ + "/blobs/uploads/"}, cancelled);
  if (begun.head.status != 202) throw_status(begun, authorization_);

  // Not sent again on failure: the registry has kept an unknown part of it.
  http::FetchRequest data{.method = "PATCH", .url = location_of(begun)};
  data.headers = authorization_.headers();
  data.headers.emplace_back("Content-Type", "application/octet-stream");
  data.upload_size = layer.size;
  const Descriptor file = open_file(blob, O_RDONLY);
  std::uint64_t done = 0;
  data.upload = [&file, &blob, &done, &sent](char* buffer, std::size_t size) {
    const ssize_t count = ::read(file.get(), buffer, size);
    if (count < 0) throw_file_error("read", blob, errno);
    done += static_cast<std::uint64_t>(count);
    sent(done);
    return static_cast<std::size_t>(count);
  };
  const http::FetchResponse taken = fetcher_.fetch(data, &cancelled);
  if (taken.head.status != 202) throw_status(taken, authorization_);

  const std::string location = location_of(taken);
  const http::FetchResponse closed =
      send({.method = "PUT",
            .url = location + (location.find('?') == std::string::npos ? "?" : "&") +
                   "digest=" + encode_query(layer.digest.text())},
           cancelled);
  if (closed.head.status != 201) throw_status(closed, authorization_);
}

void Registry::put_manifest(const std::string& tag, const std::string& text,
                            const std::atomic<bool>& cancelled) {
  const http::FetchResponse response =
      send({.method = "PUT",
            .url = repository_ + "/manifests/" + tag,
            .headers = {{"Content-Type", std::string(media_type::kManifest)}},
            .body = text},
           cancelled);
  if (response.head.status < 200 || response.head.status >= 300) throw_status(response, authorization_);
}

}  // namespace axllama::store
