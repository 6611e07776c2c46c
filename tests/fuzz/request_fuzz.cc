// libFuzzer entry for the bodies of requests for answers: the input is a body, read by every dialect as if it
// had been sent to it. Whatever comes, there is a request, whose prompt can be built, or a base::Error, soon.
#include <cstddef>
#include <cstdint>
#include <string>

#include "api/anthropic/messages_request.h"
#include "api/chat/prompt.h"
#include "api/ollama/create_request.h"
#include "api/ollama/request_fields.h"
#include "api/openai/chat_request.h"
#include "api/openai/completion_request.h"
#include "api/openai/responses_request.h"
#include "api/testing/api_server.h"
#include "base/error.h"
#include "store/library.h"

namespace {

using namespace axllama;
using api::Json;

constexpr std::size_t kContext = 256;

/// A model that thinks; opened once, so that reading a body costs no file.
struct Models {
  api::testing::ModelFolder folder;
  store::Library library{{folder.path()}};
  std::shared_ptr<const model::Package> open = library.open(library.find("thinker"));
};

template <typename Read>
void attempt(Read read) {
  try {
    read();
  } catch (const base::Error&) {
    // refused: as it should be
  }
}

void build(const api::chat::ChatRequest& request) {
  if (request.model.package && (request.raw_prompt || !request.messages.empty())) {
    api::chat::build_prompt(request, kContext);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Models models;
  const store::Library& library = models.library;
  attempt([&] {
    Json body = api::parse_json_body({reinterpret_cast<const char*>(data), size});
    body["model"] = "thinker";  // else hardly a body would be read any further
    attempt([&] { build(api::ollama::parse_chat_request(body, library).request); });
    attempt([&] { build(api::ollama::parse_generate_request(body, library).request); });
    attempt([&] { build(api::openai::parse_chat_request(body, library).chat); });
    attempt([&] {
      for (const auto& request : api::openai::parse_completion_request(body, library).plan.requests) {
        build(request);
      }
    });
    attempt([&] { build(api::openai::parse_responses_request(body, library).chat); });
    attempt([&] { build(api::anthropic::parse_messages_request(body, library).chat); });
    attempt([&] { api::ollama::parse_create_request(body); });
  });
  return 0;
}
