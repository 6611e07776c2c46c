#include "api/sidecar/sidecar_api.h"

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/background.h"
#include "api/event_reader.h"
#include "api/json_body.h"
#include "api/sidecar/model_choice.h"
#include "api/sidecar/sidecar_request.h"
#include "base/error.h"
#include "http/status.h"

namespace axllama::api::sidecar {
namespace {

using base::Error;
using base::ErrorCode;
using http::Awaitable;

constexpr std::string_view kJson = http::kJsonContentType;
constexpr std::string_view kNdjson = http::kNdjsonContentType;

/// This dialect knows three error statuses: the request's fault, a missing model, and everything on our side.
int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kUnsupported:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    default:
      return 503;
  }
}

std::string error_body(const std::string& message) {
  return to_json(Json{{"error", message}});
}

class Sidecar {
 public:
  explicit Sidecar(const SidecarContext& context)
      : service_(context.service), models_(context.library, context.default_model) {}

  Awaitable<void> generate(http::Request& request, http::ResponseWriter& response);
  Awaitable<void> load(http::Request& request, http::ResponseWriter& response);
  Awaitable<void> health(http::Request& request, http::ResponseWriter& response);
  Awaitable<void> reset(http::Request& request, http::ResponseWriter& response);

 private:
  serving::InferenceService& service_;
  ModelChoice models_;
  Background background_{1};  // opens packages, tokenizes
};

Json final_record(const std::string& text, const std::string& request_id, const inference::TokenEvent& last) {
  return {{"text", text},
          {"request_id", request_id},
          {"tokens", last.stats.generated_tokens},
          {"done_reason", inference::finish_reason_name(last.reason)}};
}

// Records are built in plain functions: GCC 12 cannot compile braced initialisers inside a coroutine.

std::string piece_record(const std::string& text) {
  return to_json(Json{{"text", text}}) + "\n";
}

std::string last_stream_record(const std::string& request_id, const inference::TokenEvent& last) {
  Json record = final_record("", request_id, last);
  record["done"] = true;
  return to_json(record) + "\n";
}

/// Everything before the queue: reads the body, opens the model, tokenizes.
serving::InferenceRequest prepare(const ModelChoice& models, const http::Request& request,
                                  GenerateRequest& wanted) {
  wanted = parse_generate_request(request.body);
  if (wanted.request_id.empty()) wanted.request_id = request.id;
  const ChosenModel model = models.current();
  const text::Tokenizer& tokenizer = model.reference.package->tokenizer();

  serving::InferenceRequest inference;
  inference.model = model.reference;
  inference.client = request.remote_address;
  inference.generation.prompt = tokenizer.add_special_tokens(tokenizer.encode(wanted.prompt));
  inference.generation.sampling = wanted.sampling;
  inference.generation.max_tokens = wanted.max_tokens;
  return inference;
}

Awaitable<void> Sidecar::generate(http::Request& request, http::ResponseWriter& response) {
  GenerateRequest wanted;
  serving::InferenceRequest inference;
  std::function<void()> work = [&] { inference = prepare(models_, request, wanted); };
  co_await background_.run(work);
  const auto stream = service_.submit(std::move(inference));

  std::string text;
  while (true) {
    serving::ResponseEvent event = co_await next_event(stream);
    if (auto* error = std::get_if<Error>(&event)) {
      if (!response.started()) throw *error;
      co_return co_await response.finish(error_body(error->message()) + "\n");
    }
    auto* piece = std::get_if<inference::TokenEvent>(&event);
    if (piece == nullptr) continue;
    if (!wanted.stream) {
      text += piece->text;
      if (!piece->done) continue;
      co_return co_await response.respond(200, kJson, to_json(final_record(text, wanted.request_id, *piece)));
    }
    if (!response.started()) response.start_stream(200, kNdjson);
    if (!piece->text.empty()) co_await response.write(piece_record(piece->text));
    if (piece->done) co_return co_await response.finish(last_stream_record(wanted.request_id, *piece));
  }
}

std::string loaded_record(const ChosenModel& model) {
  return to_json(Json{{"status", "loaded"},
                      {"model", model.reference.name},
                      {"type", model.reference.package->architecture()},
                      {"layers", model.reference.package->layer_count()}});
}

Awaitable<void> Sidecar::load(http::Request& request, http::ResponseWriter& response) {
  ChosenModel model;
  std::function<void()> work = [&] { model = models_.resolve(parse_load_request(request.body)); };
  co_await background_.run(work);
  const auto stream = service_.load(model.reference, std::nullopt);
  while (true) {
    const serving::ResponseEvent event = co_await next_event(stream);
    if (const auto* error = std::get_if<Error>(&event)) throw *error;
    if (std::holds_alternative<serving::ModelReady>(event)) break;
  }
  const std::string reply = loaded_record(model);
  models_.choose(std::move(model));  // only now: the running model stays when a load fails
  co_await response.respond(200, kJson, reply);
}

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

std::string health_record(const serving::CardStatus& card, const std::vector<serving::LoadedModel>& models) {
  Json path;
  for (const serving::LoadedModel& model : models) {
    if (model.loading) continue;
    path = model.model.package->files().folder.string();
    break;
  }
  const char* status = !card.available ? "error" : card.problem.empty() ? "ok" : "degraded";
  Json record{{"status", status},
              {"backend_type", card.software_card ? "softcard" : "axcl"},
              {"model_loaded", !path.is_null()},
              {"model_path", path},
              {"device",
               {{"id", card.device_id},
                {"runtime", card.runtime_version},
                {"temperature_c", or_null(card.temperature_celsius)},
                {"npu_percent", or_null(card.npu_percent)},
                {"cmm_total_bytes", or_null(card.cmm_total_bytes)},
                {"cmm_free_bytes", or_null(card.cmm_free_bytes)}}}};
  if (!card.problem.empty()) record["problem"] = card.problem;
  return to_json(record);
}

Awaitable<void> Sidecar::health(http::Request& /*request*/, http::ResponseWriter& response) {
  co_await response.respond(200, kJson, health_record(service_.card_status(), service_.loaded()));
}

Awaitable<void> Sidecar::reset(http::Request& /*request*/, http::ResponseWriter& response) {
  service_.reset_caches();
  co_await response.respond(200, kJson, R"({"status":"ok"})");
}

/// Wraps a handler so that an Error becomes this dialect's reply.
http::Handler guarded(std::shared_ptr<Sidecar> sidecar,
                      Awaitable<void> (Sidecar::*handler)(http::Request&, http::ResponseWriter&)) {
  return [sidecar = std::move(sidecar), handler](http::Request& request,
                                                 http::ResponseWriter& response) -> Awaitable<void> {
    std::optional<Error> failure;
    try {
      co_await ((*sidecar).*handler)(request, response);
    } catch (const Error& error) {
      failure = error;
    }
    if (!failure) co_return;
    if (response.started()) throw *failure;
    co_await response.respond(status_of(failure->code()), kJson, error_body(failure->message()));
  };
}

}  // namespace

void add_sidecar_routes(http::Router& router, const SidecarContext& context) {
  const auto sidecar = std::make_shared<Sidecar>(context);
  router.add("POST", "/generate", guarded(sidecar, &Sidecar::generate));
  router.add("POST", "/load", guarded(sidecar, &Sidecar::load));
  router.add("POST", "/reset", guarded(sidecar, &Sidecar::reset));
  router.add("GET", "/health", guarded(sidecar, &Sidecar::health));
}

}  // namespace axllama::api::sidecar
