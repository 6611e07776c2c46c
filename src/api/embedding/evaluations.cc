#include "api/embedding/evaluations.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <utility>
#include <variant>

#include "api/event_reader.h"
#include "base/error.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::embedding {
namespace {

using http::Awaitable;
using StreamPointer = std::shared_ptr<serving::ResponseStream>;

/// The texts that are with the scheduler, in order.
class Window {
 public:
  Window(chat::Core& core, EvaluationPlan& plan, const std::string& client)
      : core_(core), plan_(plan), client_(client) {}

  /// Hands further texts over. A full queue only ends that where others of these texts are in it.
  void fill() {
    while (next_ < plan_.texts.size() && running_.size() < kTextsAtOnce) {
      serving::InferenceRequest inference{plan_.model, plan_.texts[next_], plan_.keep_alive, client_};
      try {
        running_.push_back(core_.service.submit(std::move(inference)));
      } catch (const base::Error& error) {
        if (error.code() != base::ErrorCode::kResourceExhausted || running_.empty()) {
          throw;
        }
        return;
      }
      plan_.texts[next_++] = {};
    }
  }
  StreamPointer take_first() {
    StreamPointer first = std::move(running_.front());
    running_.pop_front();
    return first;
  }

 private:
  chat::Core& core_;
  EvaluationPlan& plan_;
  const std::string& client_;
  std::deque<StreamPointer> running_;
  std::size_t next_ = 0;
};

/// True after the last event of a text.
bool take(serving::ResponseEvent event, Evaluations& evaluations) {
  if (const auto* error = std::get_if<base::Error>(&event)) {
    throw *error;
  }
  if (const auto* ready = std::get_if<serving::ModelReady>(&event)) {
    evaluations.load_time = std::max(evaluations.load_time, ready->load_time);
    return false;
  }
  auto& token = std::get<inference::TokenEvent>(event);
  if (!token.done) {
    return false;
  }
  if (token.reason == inference::FinishReason::kCancelled) {
    throw base::Error(base::ErrorCode::kCancelled, "request canceled");
  }
  evaluations.prompt_tokens += token.stats.prompt_tokens;
  evaluations.readouts.push_back(std::move(token.readout));
  return true;
}

}  // namespace

Awaitable<void> evaluate_all(chat::Core& core, EvaluationPlan& plan, const http::Request& request,
                             Evaluations& evaluations) {
  const std::size_t count = plan.texts.size();
  Window window(core, plan, request.remote_address);
  for (std::size_t text = 0; text < count; ++text) {
    window.fill();
    StreamPointer stream = window.take_first();
    bool done = false;
    while (!done) {
      serving::ResponseEvent event = co_await next_event(stream);
      done = take(std::move(event), evaluations);
    }
  }
}

}  // namespace axllama::api::embedding
