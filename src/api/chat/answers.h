#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/chat/answer_reader.h"
#include "api/chat/chat_request.h"
#include "api/chat/core.h"
#include "api/chat/open_model.h"
#include "api/chat/prompt.h"
#include "http/request.h"
#include "http/response_writer.h"
#include "serving/service.h"

namespace axllama::api::chat {

/// While nothing else is to be said, a stream says this often that it is alive.
inline constexpr std::chrono::milliseconds kPingInterval{15'000};

/// A dialect's form of a stream of answers. Each function returns bytes to send, in whole records; often
/// none. The stream begins with the first bytes: an error before them becomes a status.
class StreamForm {
 public:
  virtual ~StreamForm() = default;
  virtual std::string_view content_type() const = 0;
  /// The prompt has been read and an answer begins; called for each, in order.
  virtual std::string begin(const BuiltPrompt& /*prompt*/) { return {}; }
  virtual std::string piece(AnswerPiece piece) = 0;
  virtual std::string end(const AnswerEnd& end) = 0;
  /// After the last answer.
  virtual std::string finish() { return {}; }
  /// In place of everything that would follow.
  virtual std::string error(const base::Error& error) = 0;
  /// A record without meaning; empty where the dialect has none.
  virtual std::string ping() { return {}; }
};

/// Several answers, one after the other: to each request as many as `answers_each`.
struct AnswerPlan {
  std::vector<ChatRequest> requests;
  std::size_t answers_each = 1;
  std::chrono::milliseconds ping_interval = kPingInterval;

  std::size_t answer_count() const { return requests.size() * answers_each; }
};

/// Answers as one stream, with all that is needed to make them: they may outlive their handler.
struct StreamedAnswers {
  AnswerPlan plan;
  std::unique_ptr<StreamForm> form;
};
using StreamedAnswersPointer = std::shared_ptr<StreamedAnswers>;

template <typename Form>
StreamedAnswersPointer streamed(AnswerPlan plan, Form form) {
  return std::make_shared<StreamedAnswers>(
      StreamedAnswers{std::move(plan), std::make_unique<Form>(std::move(form))});
}

// Coroutines for handlers. Arguments must outlive them. They throw what the model, the prompt or the
// scheduler say, as Error.

/// The prompt of a request, with the model loaded if only that tells its context.
http::Awaitable<void> prepare(Core& core, const ChatRequest& request, BuiltPrompt& prompt);

/// Waits until the model is on the card; adds the time that took to `load_time`.
http::Awaitable<void> load(Core& core, const OpenModel& model,
                           const std::optional<serving::KeepAlive>& keep_alive,
                           std::chrono::nanoseconds& load_time);

/// The context length of a model, which is loaded first if only that tells it.
http::Awaitable<void> find_context(Core& core, const OpenModel& model,
                                   const std::optional<serving::KeepAlive>& keep_alive, std::size_t& context,
                                   std::chrono::nanoseconds& load_time);

/// Generates and sends all answers as one stream; one that can be taken up again if the request asks for
/// that.
http::Awaitable<void> stream_answers(Core& core, const StreamedAnswersPointer& answers,
                                     const http::Request& request, http::ResponseWriter& response);

/// Generates all answers.
http::Awaitable<void> collect_answers(Core& core, const AnswerPlan& plan, const http::Request& request,
                                      std::vector<WholeAnswer>& answers);

}  // namespace axllama::api::chat
