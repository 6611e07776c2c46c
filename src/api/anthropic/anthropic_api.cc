#include "api/anthropic/anthropic_api.h"

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/anthropic/message_form.h"
#include "api/anthropic/messages_request.h"
#include "api/chat/answers.h"
#include "api/chat/prompt.h"
#include "api/request_body.h"
#include "http/status.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::anthropic {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;
using CorePointer = std::shared_ptr<chat::Core>;

chat::AnswerPlan make_plan(MessagesRequest& asked) {
  chat::AnswerPlan plan;
  plan.requests.push_back(std::move(asked.chat));
  return plan;
}

Awaitable<void> answer(CorePointer core, Request& request, ResponseWriter& response) {
  MessagesRequest asked;
  std::function<void()> parse = [&] {
    asked = parse_messages_request(chat::take_request(*core, request), core->library);
  };
  co_await core->background.run(parse);
  const std::string model = asked.chat.asked_name;
  chat::AnswerPlan plan = make_plan(asked);
  if (asked.stream) {
    const auto answers =
        chat::streamed(std::move(plan), MessageStream(model, asked.stop_sequences, request.id));
    co_await chat::stream_answers(*core, answers, request, response);
    co_return;
  }
  std::vector<chat::WholeAnswer> answers;
  co_await chat::collect_answers(*core, plan, request, answers);
  const std::string body = message(model, asked.stop_sequences, answers.front());
  co_await response.respond(200, http::kJsonContentType, body);
}

std::string count_tokens(const chat::Core& core, Request& request) {
  const MessagesRequest asked = parse_messages_request(take_json_body(request), core.library, true);
  Json count;
  count["input_tokens"] = chat::count_prompt_tokens(asked.chat);
  return to_json(count);
}

Awaitable<void> answer_count(CorePointer core, Request& request, ResponseWriter& response) {
  std::string body;
  std::function<void()> count = [&] { body = count_tokens(*core, request); };
  co_await core->background.run(count);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

void add_anthropic_routes(http::Router& router, const CorePointer& core) {
  router.add("POST", "/v1/messages",
             [core](Request& request, ResponseWriter& response) { return answer(core, request, response); });
  router.add("POST", "/v1/messages/count_tokens", [core](Request& request, ResponseWriter& response) {
    return answer_count(core, request, response);
  });
}

}  // namespace axllama::api::anthropic
