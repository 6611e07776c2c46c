#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/chat/answers.h"
#include "api/ollama/answer.h"
#include "api/ollama/records.h"
#include "api/ollama/request_fields.h"
#include "api/ollama/state.h"
#include "http/status.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::ollama {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;
using Parser = InferenceCall (*)(const Json&, const store::Library&);

void parse_call(Parser parse, State& state, Request& request, InferenceCall& call) {
  call = parse(chat::take_request(*state.core, request), state.library);
}

std::string done_without_answer(const InferenceCall& call, const char* reason) {
  return to_json(Records(call.form, call.request.asked_name).without_answer(reason));
}

std::string rendered(const InferenceCall& call, const chat::BuiltPrompt& prompt) {
  return to_json(Records(call.form, call.request.asked_name).rendered(prompt.text));
}

chat::AnswerPlan make_plan(InferenceCall& call) {
  chat::AnswerPlan plan;
  plan.requests.push_back(std::move(call.request));
  return plan;
}

Awaitable<void> generate(State& state, InferenceCall& call, Request& request, ResponseWriter& response) {
  const Answer answer(call, request.received_at);
  chat::AnswerPlan plan = make_plan(call);
  if (call.stream) {
    const auto answers = chat::streamed(std::move(plan), answer);
    co_await chat::stream_answers(*state.core, answers, request, response);
    co_return;
  }
  std::vector<chat::WholeAnswer> answers;
  co_await chat::collect_answers(*state.core, plan, request, answers);
  const std::string body = answer.whole(answers.front());
  co_await response.respond(200, http::kJsonContentType, body);
}

Awaitable<void> answer_call(StatePointer state, Parser parser, Request& request, ResponseWriter& response) {
  InferenceCall call;
  std::function<void()> parse = [&] { parse_call(parser, *state, request, call); };
  co_await state->core->background.run(parse);
  std::string body;
  if (call.action == InferenceCall::Action::kUnload) {
    state->service.unload(call.request.model.record.package_digest);
    body = done_without_answer(call, "unload");
  } else if (call.action == InferenceCall::Action::kLoad) {
    std::chrono::nanoseconds load_time{0};
    co_await chat::load(*state->core, call.request.model, call.request.keep_alive, load_time);
    body = done_without_answer(call, "load");
  } else if (call.render_only) {
    chat::BuiltPrompt prompt;
    co_await chat::prepare(*state->core, call.request, prompt);
    body = rendered(call, prompt);
  } else {
    co_await generate(*state, call, request, response);
    co_return;
  }
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

}  // namespace axllama::api::ollama
