#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "api/chat/model_names.h"
#include "api/chat/open_model.h"
#include "api/json_body.h"
#include "api/openai/routes.h"
#include "http/status.h"

namespace axllama::api::openai {
namespace {

using http::Awaitable;
using http::Request;
using http::ResponseWriter;

/// The namespace of a model: "library" of "x:latest", "me" of "me/x:latest".
std::string owner_of(const std::string& name) {
  const std::string full = chat::full_model_name(name);
  const auto begin = full.find('/') + 1;
  return full.substr(begin, full.find('/', begin) - begin);
}

Json describe(const store::ModelRecord& record) {
  Json model;
  model["id"] = record.name;
  model["object"] = "model";
  model["created"] = std::chrono::system_clock::to_time_t(record.modified_at);
  model["owned_by"] = owner_of(record.name);
  return model;
}

std::string list_models(const chat::Core& core) {
  Json list;
  list["object"] = "list";
  list["data"] = Json::array();
  for (const store::ModelRecord& record : core.library.list()) {
    list["data"].push_back(describe(record));
  }
  return to_json(list);
}

using Describe = std::function<std::string(const chat::Core&, const Request&)>;

Awaitable<void> answer(CorePointer core, Describe describe, Request& request, ResponseWriter& response) {
  std::string body;
  std::function<void()> look = [&] { body = describe(*core, request); };
  co_await core->background.run(look);
  co_await response.respond(200, http::kJsonContentType, body);
}

http::Handler handler(CorePointer core, Describe describe) {
  return
      [core = std::move(core), describe = std::move(describe)](Request& request, ResponseWriter& response) {
        return answer(core, describe, request, response);
      };
}

}  // namespace

http::Handler models_handler(CorePointer core) {
  return handler(std::move(core),
                 [](const chat::Core& shared, const Request&) { return list_models(shared); });
}

http::Handler model_handler(CorePointer core) {
  return handler(std::move(core), [](const chat::Core& shared, const Request& request) {
    return to_json(describe(chat::find_model(shared.library, std::string(request.path_parameter("id")))));
  });
}

}  // namespace axllama::api::openai
