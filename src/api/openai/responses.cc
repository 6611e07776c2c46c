#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/chat/answers.h"
#include "api/openai/responses_request.h"
#include "api/openai/responses_stream.h"
#include "api/openai/routes.h"
#include "http/status.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::openai {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

chat::AnswerPlan make_plan(ResponsesRequest& asked) {
  chat::AnswerPlan plan;
  plan.requests.push_back(std::move(asked.chat));
  return plan;
}

Awaitable<void> answer(CorePointer core, Request& request, ResponseWriter& response) {
  ResponsesRequest asked;
  std::function<void()> parse = [&] {
    asked = parse_responses_request(chat::take_request(*core, request), core->library);
  };
  co_await core->background.run(parse);
  if (asked.stream) {
    const ResponsesStream form(asked);
    const auto answers = chat::streamed(make_plan(asked), form);
    co_await chat::stream_answers(*core, answers, request, response);
    co_return;
  }
  const ResponseObject object(asked);
  const chat::AnswerPlan plan = make_plan(asked);
  std::vector<chat::WholeAnswer> answers;
  co_await chat::collect_answers(*core, plan, request, answers);
  const std::string body = object.whole(answers.front());
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

http::Handler responses_handler(CorePointer core) {
  return [core = std::move(core)](Request& request, ResponseWriter& response) {
    return answer(core, request, response);
  };
}

}  // namespace axllama::api::openai
