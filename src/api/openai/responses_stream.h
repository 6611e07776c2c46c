#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/chat/answers.h"
#include "api/json_body.h"
#include "api/openai/response_object.h"

namespace axllama::api::openai {

/// The answer of /v1/responses as a stream of events: each item is added, filled and done before the next.
class ResponsesStream final : public chat::StreamForm {
 public:
  explicit ResponsesStream(const ResponsesRequest& request) : object_(request) {}

  std::string_view content_type() const override;
  std::string begin(const chat::BuiltPrompt& prompt) override;
  std::string piece(chat::AnswerPiece piece) override;
  std::string end(const chat::AnswerEnd& end) override;
  std::string error(const base::Error& error) override;
  std::string ping() override;

 private:
  enum class Open { kNone, kReasoning, kMessage };

  std::string event(const char* type, Json fields);
  /// About the open item: with its id and index.
  std::string item_event(const char* type, Json fields);
  /// About the one part of the open item.
  std::string part_event(const char* type, Json fields);
  std::string open(Open kind);
  std::string close();
  std::string close_reasoning();
  std::string close_message();
  std::string finish_item(Json item);
  std::string call(const text::ToolCall& call);

  ResponseObject object_;
  std::uint64_t sequence_number_ = 0;
  Json output_ = Json::array();  // items that are done
  Open open_ = Open::kNone;
  std::string item_id_;
  std::string text_;  // of the open item so far
};

}  // namespace axllama::api::openai
