#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/chat/answers.h"
#include "api/openai/completion_form.h"
#include "api/openai/completion_request.h"
#include "api/openai/routes.h"
#include "http/status.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::openai {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

Awaitable<void> answer(CorePointer core, Request& request, ResponseWriter& response) {
  CompletionRequest asked;
  std::function<void()> parse = [&] {
    asked = parse_completion_request(chat::take_request(*core, request), core->library);
  };
  co_await core->background.run(parse);
  if (asked.stream) {
    const CompletionStream form(asked);
    const auto answers = chat::streamed(std::move(asked.plan), form);
    co_await chat::stream_answers(*core, answers, request, response);
    co_return;
  }
  std::vector<chat::WholeAnswer> answers;
  co_await chat::collect_answers(*core, asked.plan, request, answers);
  const std::string body = completion(asked, answers);
  co_await response.respond(200, http::kJsonContentType, body);
}

}  // namespace

http::Handler completions_handler(CorePointer core) {
  return [core = std::move(core)](Request& request, ResponseWriter& response) {
    return answer(core, request, response);
  };
}

}  // namespace axllama::api::openai
