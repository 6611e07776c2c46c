#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "api/chat/chat_request.h"
#include "api/openai/routes.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::openai {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

/// The value of a field of a form (multipart/form-data); empty when there is none.
std::string form_field(std::string_view form, std::string_view name) {
  const auto head = form.find("name=\"" + std::string(name) + "\"");
  const auto begin = head == std::string_view::npos ? head : form.find("\r\n\r\n", head);
  if (begin == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = form.substr(begin + 4);
  const auto end = rest.find("\r\n");
  return end == std::string_view::npos ? std::string() : std::string(rest.substr(0, end));
}

/// There is no model that listens: says so, in the order in which Ollama looks at such a request.
void refuse(const chat::Core& core, const Request& request) {
  const std::string model = form_field(request.body, "model");
  if (model.empty()) {
    chat::refuse_request("model is required");
  }
  chat::find_model(core.library, model);
  chat::refuse_request(chat::in_quotes(model) + " does not support audio");
}

Awaitable<void> answer(CorePointer core, Request& request) {
  std::function<void()> work = [&] { refuse(*core, request); };
  co_await core->background.run(work);
}

}  // namespace

http::Handler transcriptions_handler(CorePointer core) {
  return [core = std::move(core)](Request& request, ResponseWriter& /*response*/) {
    return answer(core, request);
  };
}

}  // namespace axllama::api::openai
