#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "api/chat/model_names.h"
#include "api/ollama/create_request.h"
#include "api/ollama/model_creation.h"
#include "api/ollama/request_fields.h"
#include "api/ollama/state.h"
#include "api/request_body.h"
#include "base/error.h"
#include "http/status.h"
#include "store/model_builder.h"

// Coroutines here hold only named values: GCC 12 destroys some temporaries of a co_await expression twice.

namespace axllama::api::ollama {
namespace {

using base::Error;
using base::ErrorCode;
using http::Awaitable;
using http::Request;
using http::ResponseWriter;

store::ModelStore& store_of(const State& state) {
  store::ModelStore* store = state.library.store();
  if (store == nullptr) {
    throw Error(ErrorCode::kUnsupported, "this server has no model store; set OLLAMA_MODELS to a folder");
  }
  return *store;
}

/// An upload on its way into a blob; nothing is written when it is there already.
class BlobUpload final : public http::BodySink {
 public:
  BlobUpload(store::BlobStore& blobs, store::Digest digest) : digest_(std::move(digest)) {
    if (!blobs.contains(digest_)) writer_ = blobs.begin();
  }
  void write(std::string_view bytes) override {
    if (writer_) writer_->write(bytes);
  }
  /// 201 when the blob is new, else 200.
  int commit() {
    if (!writer_) return 200;
    writer_->commit(digest_);
    return 201;
  }

 private:
  store::Digest digest_;
  std::unique_ptr<store::BlobWriter> writer_;
};

std::shared_ptr<http::BodySink> begin_upload(const State& state, const Request& request) {
  return std::make_shared<BlobUpload>(store_of(state).blobs(),
                                      store::Digest::require(request.path_parameter("digest")));
}

Awaitable<void> upload_blob(StatePointer state, Request& request, ResponseWriter& response) {
  int status = 0;
  std::function<void()> commit = [&] { status = static_cast<BlobUpload&>(*request.body_sink).commit(); };
  co_await state->core->background.run(commit);
  co_await response.respond(status, "", "");
}

Awaitable<void> probe_blob(StatePointer state, Request& request, ResponseWriter& response) {
  const store::Digest digest = store::Digest::require(request.path_parameter("digest"));
  const int status = store_of(*state).blobs().contains(digest) ? 200 : 404;
  co_await response.respond(status, "", "");
}

/// True when the card only runs packages of the vendor's compiler.
bool has_real_card(const State& state) {
  const serving::CardStatus card = state.service.card_status();
  return card.available && !card.software_card;
}

Json progress_record(const store::TransferProgress& progress) {
  Json record;
  record["status"] = progress.status;
  if (!progress.digest.empty()) {
    record["digest"] = progress.digest;
    record["total"] = progress.total;
    if (progress.completed > 0) record["completed"] = progress.completed;
  }
  return record;
}

/// The members that /api/pull and /api/push share.
struct TransferCall {
  store::ModelName name;
  bool insecure = false;
  bool stream = true;
};

TransferCall parse_transfer_call(const State& state, Request& request) {
  const Json body = take_json_body(request);
  const JsonFields fields(body);
  std::string asked = fields.string("model");
  if (asked.empty()) asked = fields.string("name");
  TransferCall call{.name = chat::require_model_name(asked)};
  call.insecure = fields.boolean("insecure", false);
  call.stream = fields.boolean("stream", true);
  store_of(state);  // throws without one
  return call;
}

void pull_model(State& state, const TransferCall& call, const RecordSink& emit,
                const std::atomic<bool>& cancelled) {
  state.transfer->pull(
      {.name = call.name, .insecure = call.insecure, .packages_only = has_real_card(state)},
      [&emit](const store::TransferProgress& progress) { emit(progress_record(progress)); }, cancelled);
}

void push_model(State& state, const TransferCall& call, const RecordSink& emit,
                const std::atomic<bool>& cancelled) {
  state.transfer->push(
      call.name, call.insecure,
      [&emit](const store::TransferProgress& progress) { emit(progress_record(progress)); }, cancelled);
}

using Transfer = void (*)(State&, const TransferCall&, const RecordSink&, const std::atomic<bool>&);

Awaitable<void> transfer(StatePointer state, Transfer work, Request& request, ResponseWriter& response) {
  const TransferCall call = parse_transfer_call(*state, request);
  // The job must not keep the state alive, which waits for its jobs when it ends.
  JobWork job = [state = state.get(), work, call](const RecordSink& emit,
                                                  const std::atomic<bool>& cancelled) {
    work(*state, call, emit, cancelled);
  };
  co_await state->jobs.run(std::move(job), call.stream, response);
}

Awaitable<void> create(StatePointer state, Request& request, ResponseWriter& response) {
  auto asked = std::make_shared<CreateRequest>(parse_create_request(take_json_body(request)));
  // The job must not keep the state alive, which waits for its jobs when it ends.
  JobWork work = [state = state.get(), asked](const RecordSink& emit, const std::atomic<bool>& cancelled) {
    const CreationTools tools{
        .library = state->library,
        .compile = state->compile,
        .real_card = has_real_card(*state),
        .pull = [state](const std::string& name, const RecordSink& sink, const std::atomic<bool>& stop) {
          pull_model(*state, {.name = chat::require_model_name(name)}, sink, stop);
        }};
    create_model(tools, *asked, emit, cancelled);
  };
  co_await state->jobs.run(std::move(work), asked->stream, response);
}

store::ModelName required_name(const std::string& text, const std::string& what) {
  auto name = chat::parse_model_name(text);
  if (!name) chat::refuse_request(what + " \"" + text + "\" is invalid");
  return std::move(*name);
}

/// A package folder becomes a model of the store; one of the store is copied as it is.
void copy_model(State& state, const Json& body) {
  const JsonFields fields(body);
  const std::string asked = fields.string("source");
  const store::ModelName source = required_name(asked, "source");
  const store::ModelName destination = required_name(fields.string("destination"), "destination");
  store::ModelStore& store = store_of(state);
  store::ModelRecord record;
  try {
    record = state.library.find(source.short_text());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kNotFound) throw;
    throw Error(ErrorCode::kNotFound, "model \"" + asked + "\" not found");
  }
  if (record.stored) {
    store.copy(record.stored->name, destination);
    return;
  }
  store::ModelBuilder builder(store, [](const std::string&) {});
  builder.start_from_folder(record.folder);
  builder.check_package(record.folder.filename().string());
  builder.write(destination);
}

void delete_model(State& state, const Json& body) {
  const JsonFields fields(body);
  std::string asked = fields.string("model");
  if (asked.empty()) asked = fields.string("name");
  static_cast<void>(required_name(asked, "name"));
  const store::ModelRecord record = chat::find_model(state.library, asked);
  if (!record.stored) {
    chat::refuse_request("model \"" + asked + "\" is the package folder " + record.folder.string() +
                         ", which is not part of the store; remove the folder itself");
  }
  if (!store_of(state).remove(record.stored->name)) {  // another request was faster
    throw Error(ErrorCode::kNotFound, "model '" + asked + "' not found");
  }
  // Other models may run on the same package.
  for (const store::ModelRecord& other : state.library.list()) {
    if (other.package_digest == record.package_digest) return;
  }
  state.service.unload(record.package_digest);
}

using Work = void (*)(State&, const Json&);

Awaitable<void> answer_empty(StatePointer state, Work work, Request& request, ResponseWriter& response) {
  std::function<void()> run = [&] { work(*state, take_json_body(request)); };
  co_await state->core->background.run(run);
  co_await response.respond(200, "", "");
}

http::Handler empty_answer(StatePointer state, Work work) {
  return [state = std::move(state), work](Request& request, ResponseWriter& response) {
    return answer_empty(state, work, request, response);
  };
}

}  // namespace

void add_management_routes(http::Router& router, const StatePointer& state) {
  constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  const auto begin = [state](const Request& request) { return begin_upload(*state, request); };
  router.add(
      "POST", "/api/blobs/:digest",
      [state](Request& request, ResponseWriter& response) { return upload_blob(state, request, response); },
      {.body_limit = kNoLimit, .body_sink = begin});
  router.add("HEAD", "/api/blobs/:digest", [state](Request& request, ResponseWriter& response) {
    return probe_blob(state, request, response);
  });
  router.add("POST", "/api/create", [state](Request& request, ResponseWriter& response) {
    return create(state, request, response);
  });
  for (const auto& [path, work] :
       {std::pair("/api/pull", &pull_model), std::pair("/api/push", &push_model)}) {
    router.add("POST", path, [state, work = work](Request& request, ResponseWriter& response) {
      return transfer(state, work, request, response);
    });
  }
  router.add("POST", "/api/copy", empty_answer(state, copy_model));
  router.add("DELETE", "/api/delete", empty_answer(state, delete_model));
}

}  // namespace axllama::api::ollama
