#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "http/client.h"
#include "tests/support/process.h"

namespace axllama::testing {

/// A reply with its body parsed; null when it is not JSON.
struct Reply {
  int status = 0;
  std::string content_type;
  std::string body;
  nlohmann::json json;
};

Reply get(const std::string& base_url, const std::string& path);
Reply post(const std::string& base_url, const std::string& path, const nlohmann::json& body);
Reply post_text(const std::string& base_url, const std::string& path, const std::string& body);

/// The records of a streamed answer, in order.
std::vector<nlohmann::json> post_stream(const std::string& base_url, const std::string& path,
                                        const nlohmann::json& body);

}  // namespace axllama::testing
