#include "api/chat/logprobs.h"

#include <string_view>
#include <utility>

#include "base/utf8.h"

namespace axllama::api::chat {
namespace {

Json token_json(const inference::TokenLogprob& token) {
  Json entry;
  entry["token"] = base::to_valid_utf8(token.bytes);
  entry["logprob"] = token.logprob;
  Json bytes = Json::array();
  for (const char byte : token.bytes) {
    bytes.push_back(static_cast<unsigned char>(byte));
  }
  entry["bytes"] = std::move(bytes);
  return entry;
}

}  // namespace

Json logprobs_json(const std::vector<inference::TokenLogprob>& logprobs, bool always_top) {
  Json list = Json::array();
  for (const inference::TokenLogprob& token : logprobs) {
    Json entry = token_json(token);
    if (always_top || !token.alternatives.empty()) {
      Json top = Json::array();
      for (const inference::TokenLogprob& alternative : token.alternatives) {
        top.push_back(token_json(alternative));
      }
      entry["top_logprobs"] = std::move(top);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace axllama::api::chat
