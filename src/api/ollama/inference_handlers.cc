#include <chrono>
#include <string>
#include <utility>
#include <variant>

#include "api/event_reader.h"
#include "api/ollama/answer.h"
#include "api/ollama/prompt.h"
#include "api/ollama/records.h"
#include "api/ollama/request_fields.h"
#include "api/ollama/state.h"
#include "base/error.h"
#include "http/status.h"
#include "telemetry/log.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;
using Parser = InferenceCall (*)(const Json&, const store::Library&);
using StreamPointer = std::shared_ptr<serving::ResponseStream>;

constexpr std::size_t kFallbackContext = 2048;  // a model that was unloaded as soon as it was loaded

/// A model loaded only to learn its context length stays until the generation is submitted.
constexpr serving::KeepAlive kWhilePreparing{std::chrono::minutes(1)};

void parse_call(Parser parse, State& state, Request& request, InferenceCall& call) {
  call = parse(parse_json_body(request.body), state.library);
  std::string().swap(request.body);  // a long prompt need not be held twice
}

/// Waits until the model is on the card.
Awaitable<void> wait_until_ready(StreamPointer stream, std::chrono::nanoseconds& load_time) {
  while (true) {
    const serving::ResponseEvent event = co_await next_event(stream);
    if (const auto* error = std::get_if<base::Error>(&event)) {
      throw *error;
    }
    if (const auto* ready = std::get_if<serving::ModelReady>(&event)) {
      load_time += ready->load_time;
      co_return;
    }
    if (const auto* token = std::get_if<inference::TokenEvent>(&event); token != nullptr && token->done) {
      throw base::Error(base::ErrorCode::kCancelled, "request canceled");
    }
  }
}

StreamPointer start_load(State& state, const InferenceCall& call) {
  return state.service.load(call.model.reference(), call.keep_alive);
}

StreamPointer start_preparing_load(State& state, const InferenceCall& call) {
  const bool unloads_at_once = call.keep_alive && call.keep_alive->duration.count() == 0;
  return state.service.load(call.model.reference(), unloads_at_once ? kWhilePreparing : call.keep_alive);
}

StreamPointer start_generation(State& state, const InferenceCall& call, const BuiltPrompt& prompt,
                               const Request& request) {
  serving::InferenceRequest inference;
  inference.model = call.model.reference();
  inference.generation = make_generation(call, prompt);
  inference.keep_alive = call.keep_alive;
  inference.client = request.remote_address;
  return state.service.submit(std::move(inference));
}

std::string done_without_answer(const InferenceCall& call, const char* reason) {
  return to_json(Records(call.form, call.asked_name).without_answer(reason));
}

std::string rendered(const InferenceCall& call, const BuiltPrompt& prompt) {
  return to_json(Records(call.form, call.asked_name).rendered(prompt.text));
}

void log_cut_answer(const Request& request, const base::Error& error) {
  telemetry::log(telemetry::LogLevel::kWarning, "an answer ended with an error",
                 {{"id", request.id}, {"error", error.what()}});
}

/// Everything that has arrived by now, as lines to send.
std::string drain(Answer& answer, const StreamPointer& stream, serving::ResponseEvent first) {
  std::string lines = answer.take(std::move(first));
  while (!answer.done()) {
    auto event = stream->try_next();
    if (!event) {
      break;
    }
    lines += answer.take(std::move(*event));
  }
  return lines;
}

Awaitable<void> send_stream(Answer& answer, StreamPointer stream, const Request& request,
                            ResponseWriter& response) {
  while (!answer.done()) {
    serving::ResponseEvent event = co_await next_event(stream);
    std::string lines = drain(answer, stream, std::move(event));
    if (answer.error()) {
      if (!response.started() && lines.empty()) {
        throw *answer.error();
      }
      log_cut_answer(request, *answer.error());
      lines += answer.error_line();
    }
    if (lines.empty()) {
      continue;
    }
    if (!response.started()) {
      response.start_stream(200, http::kNdjsonContentType);
    }
    if (answer.done()) {
      co_await response.finish(lines);
    } else {
      co_await response.write(lines);
    }
  }
}

Awaitable<void> send_whole(Answer& answer, StreamPointer stream, ResponseWriter& response) {
  while (!answer.done()) {
    serving::ResponseEvent event = co_await next_event(stream);
    drain(answer, stream, std::move(event));
  }
  if (answer.error()) {
    throw *answer.error();
  }
  co_await response.respond(200, http::kJsonContentType, answer.whole());
}

Awaitable<void> generate(State& state, InferenceCall& call, Request& request, ResponseWriter& response) {
  std::chrono::nanoseconds load_time{0};
  auto context = state.contexts.find(call.model);
  if (!context) {
    StreamPointer loading = start_preparing_load(state, call);
    co_await wait_until_ready(loading, load_time);
    context = state.contexts.find(call.model);
  }
  const std::size_t context_length = context.value_or(kFallbackContext);
  BuiltPrompt prompt;
  std::function<void()> build = [&] { prompt = build_prompt(call, context_length); };
  co_await state.background.run(build);
  if (call.render_only) {
    const std::string body = rendered(call, prompt);
    co_await response.respond(200, http::kJsonContentType, body);
    co_return;
  }
  StreamPointer stream = start_generation(state, call, prompt, request);
  Answer answer(call, prompt, request.received_at, load_time);
  if (call.stream) {
    co_await send_stream(answer, stream, request, response);
  } else {
    co_await send_whole(answer, stream, response);
  }
}

Awaitable<void> answer_call(StatePointer state, Parser parser, Request& request, ResponseWriter& response) {
  InferenceCall call;
  std::function<void()> parse = [&] { parse_call(parser, *state, request, call); };
  co_await state->background.run(parse);
  if (call.action == InferenceCall::Action::kRun) {
    co_await generate(*state, call, request, response);
    co_return;
  }
  const char* reason = "unload";
  if (call.action == InferenceCall::Action::kUnload) {
    state->service.unload(call.model.record.digest);
  } else {
    reason = "load";
    std::chrono::nanoseconds load_time{0};
    StreamPointer loading = start_load(*state, call);
    co_await wait_until_ready(loading, load_time);
  }
  const std::string body = done_without_answer(call, reason);
  co_await response.respond(200, http::kJsonContentType, body);
}

http::Handler inference_handler(StatePointer state, Parser parser) {
  return [state = std::move(state), parser](Request& request, ResponseWriter& response) {
    return answer_call(state, parser, request, response);
  };
}

}  // namespace

http::Handler generate_handler(StatePointer state) {
  return inference_handler(std::move(state), &parse_generate_request);
}

http::Handler chat_handler(StatePointer state) {
  return inference_handler(std::move(state), &parse_chat_request);
}

std::optional<std::size_t> ContextLengths::find(const OpenModel& model) {
  const std::string& digest = model.record.digest;
  for (const serving::LoadedModel& loaded : service_.loaded()) {
    if (loaded.model.digest == digest && !loaded.loading && loaded.context_length > 0) {
      const std::lock_guard lock(mutex_);
      seen_[digest] = loaded.context_length;
      return loaded.context_length;
    }
  }
  const std::lock_guard lock(mutex_);
  const auto found = seen_.find(digest);
  return found != seen_.end() ? std::optional(found->second) : model.package->context_length();
}

}  // namespace axllama::api::ollama
