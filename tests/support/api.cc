#include "tests/support/api.h"

#include <stdexcept>

namespace axllama::testing {
namespace {

Reply reply_of(const http::ClientResponse& response) {
  return {response.status, response.content_type, response.body,
          nlohmann::json::parse(response.body, nullptr, false)};
}

}  // namespace

Reply get(const std::string& base_url, const std::string& path) {
  http::Client client(base_url);
  return reply_of(client.request({.path = path}));
}

Reply post(const std::string& base_url, const std::string& path, const nlohmann::json& body) {
  return post_text(base_url, path, body.dump());
}

Reply post_text(const std::string& base_url, const std::string& path, const std::string& body) {
  http::Client client(base_url);
  return reply_of(client.request({.method = "POST", .path = path, .body = body}));
}

std::vector<nlohmann::json> post_stream(const std::string& base_url, const std::string& path,
                                        const nlohmann::json& body) {
  http::Client client(base_url);
  std::vector<nlohmann::json> records;
  const auto response =
      client.stream({.method = "POST", .path = path, .body = body.dump()}, [&records](std::string_view line) {
        records.push_back(nlohmann::json::parse(line));
        return true;
      });
  if (response.status != 200) {
    throw std::runtime_error(path + " answered " + std::to_string(response.status) + ": " + response.body);
  }
  return records;
}

}  // namespace axllama::testing
