#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "api/ollama/inference_call.h"
#include "api/ollama/prompt.h"
#include "api/ollama/records.h"
#include "base/error.h"
#include "serving/service.h"
#include "text/thinking_parser.h"

namespace axllama::api::ollama {

/// Turns the events of one generation into the records of one answer, line by line or as a whole.
class Answer {
 public:
  /// `load_time`: spent loading before the generation was submitted.
  Answer(const InferenceCall& call, const BuiltPrompt& prompt,
         std::chrono::steady_clock::time_point received_at, std::chrono::nanoseconds load_time);

  /// Takes the next event and returns the lines (each with its line break) that a stream is to send now;
  /// often none.
  std::string take(serving::ResponseEvent event);

  /// No more events are to be taken.
  bool done() const noexcept { return done_; }
  /// Why the answer ended before it was complete. A stream that has begun ends with error_line().
  const std::optional<base::Error>& error() const noexcept { return error_; }
  std::string error_line() const;
  /// The whole answer as one object, when done without an error.
  const std::string& whole() const noexcept { return whole_; }

 private:
  void take_text(const std::string& text, bool last);
  std::string finish(const inference::TokenEvent& event);

  Records records_;
  bool stream_;
  bool with_context_;
  std::optional<text::ThinkingParser> thinking_parser_;
  std::vector<text::TokenId> context_;
  std::chrono::steady_clock::time_point received_at_;
  std::chrono::nanoseconds load_time_;
  std::string content_;   // not sent yet
  std::string thinking_;  // not sent yet
  bool done_ = false;
  std::optional<base::Error> error_;
  std::string whole_;
};

}  // namespace axllama::api::ollama
