#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "api/chat/answers.h"
#include "api/json_body.h"

namespace axllama::api::anthropic {

/// The answer of /v1/messages as a stream of events: message_start, then each block of content from its start
/// over its deltas to its stop, then message_delta and message_stop.
class MessageStream final : public chat::StreamForm {
 public:
  /// `stop_sequences`: the client's own.
  MessageStream(std::string model, std::vector<std::string> stop_sequences, std::string request_id);

  std::string_view content_type() const override;
  std::string begin(const chat::BuiltPrompt& prompt) override;
  std::string piece(chat::AnswerPiece piece) override;
  std::string end(const chat::AnswerEnd& end) override;
  std::string error(const base::Error& error) override;
  std::string ping() override;

 private:
  enum class Open { kNone, kThinking, kText };

  std::string open(Open kind);
  std::string start(Json block);
  std::string delta(const char* type, const char* name, const std::string& text) const;
  std::string close();
  std::string tool_use(const text::ToolCall& call);

  std::string model_;
  std::vector<std::string> stop_sequences_;
  std::string request_id_;
  Open open_ = Open::kNone;
  std::size_t blocks_ = 0;  // started so far
};

/// The answer of /v1/messages as one object. `stop_sequences`: the client's own.
std::string message(const std::string& model, const std::vector<std::string>& stop_sequences,
                    const chat::WholeAnswer& answer);

}  // namespace axllama::api::anthropic
