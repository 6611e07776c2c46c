#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/chat/answers.h"
#include "api/openai/chat_form.h"
#include "api/openai/chat_request.h"
#include "api/openai/routes.h"
#include "http/status.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::openai {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

chat::AnswerPlan make_plan(ChatCompletionRequest& asked) {
  chat::AnswerPlan plan;
  plan.answers_each = asked.answers;
  plan.requests.push_back(std::move(asked.chat));
  return plan;
}

Awaitable<void> answer(CorePointer core, Request& request, ResponseWriter& response) {
  ChatCompletionRequest asked;
  std::function<void()> parse = [&] {
    asked = parse_chat_request(chat::take_request(*core, request), core->library);
  };
  co_await core->background.run(parse);
  const std::string model = asked.chat.asked_name;
  chat::AnswerPlan plan = make_plan(asked);
  if (asked.stream) {
    const auto answers = chat::streamed(std::move(plan), ChatStream(model, asked.include_usage));
    co_await chat::stream_answers(*core, answers, request, response);
    co_return;
  }
  std::vector<chat::WholeAnswer> answers;
  co_await chat::collect_answers(*core, plan, request, answers);
  const std::string body = chat_completion(model, answers);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

http::Handler chat_completions_handler(CorePointer core) {
  return [core = std::move(core)](Request& request, ResponseWriter& response) {
    return answer(core, request, response);
  };
}

}  // namespace axllama::api::openai
