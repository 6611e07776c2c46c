#include "api/ollama/model_creation.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>
#include <vector>

#include <fcntl.h>

#include "api/chat/model_names.h"
#include "api/chat/open_model.h"
#include "base/error.h"
#include "model/vocabulary.h"
#include "store/durable_file.h"
#include "store/model_builder.h"
#include "store/model_name.h"
#include "text/go_chat_template.h"

namespace axllama::api::ollama {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

enum class Contents { kPackage, kGguf, kCheckpoint, kUnknown };

/// A folder for intermediate files, on the store's file system and removed at the end.
class WorkFolder {
 public:
  explicit WorkFolder(const store::ModelStore& store)
      : path_(store.blobs().unfinished() / store::unique_name()) {
    store::make_folders(path_);
    lock_ = store::open_file(path_, O_RDONLY | O_DIRECTORY);
    static_cast<void>(store::try_lock(lock_));  // keeps another program's repair away
  }
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  store::Descriptor lock_;
};

bool is_gguf(const fs::path& file) {
  std::string magic(4, '\0');
  std::ifstream(file, std::ios::binary).read(magic.data(), 4);
  return magic == "GGUF";
}

class Creation {
 public:
  Creation(const CreationTools& tools, const CreateRequest& request, const RecordSink& emit,
           const std::atomic<bool>& cancelled)
      : tools_(tools),
        request_(request),
        emit_(emit),
        cancelled_(cancelled),
        store_(*tools.library.store()),
        builder_(store_, [this](const std::string& status) { say(status); }) {}

  void run() {
    if (request_.settings.chat_template) {
      text::GoChatTemplate(*request_.settings.chat_template, request_.name.model);  // throws when it is wrong
    }
    if (request_.from.empty()) {
      start_from_files();
    } else {
      start_from_model(find_base());
    }
    builder_.apply(request_.settings);
    if (!request_.settings.draft.empty()) check_draft();
    builder_.describe(request_.info);
    builder_.write(request_.name);
    say("success");
  }

 private:
  void say(const std::string& status) {
    if (cancelled_) throw Error(ErrorCode::kCancelled, "request canceled");
    Json record;
    record["status"] = status;
    emit_(record);
  }

  store::ModelRecord find_base() {
    const auto parsed = chat::parse_model_name(request_.from);
    if (!parsed) {  // clients send what is no file of theirs as a name
      throw Error(ErrorCode::kInvalidArgument,
                  "invalid model name \"" + request_.from.substr(0, 400) +
                      "\": FROM is neither a model nor a file or folder there is");
    }
    const std::string name = parsed->short_text();
    try {
      return tools_.library.find(name);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kNotFound || !tools_.pull) throw;
    }
    tools_.pull(request_.from, emit_, cancelled_);
    return tools_.library.find(name);
  }

  /// Only weights that are compiled here become weights of another type.
  void require_nothing_to_quantize(const std::string& what) const {
    if (request_.weight_type.empty()) return;
    throw Error(ErrorCode::kInvalidArgument,
                "quantization is only supported for F16, BF16 and F32 models: " + what +
                    ". Its weights stay as they are; create the model from the checkpoint that was compiled");
  }

  void require_nothing_to_quantize(const store::ModelRecord& base) const {
    if (request_.weight_type.empty()) return;
    const std::string type = tools_.library.open(base)->weight_type();
    require_nothing_to_quantize("model '" + base.name + "' is a compiled package with weights of " +
                                (type.empty() ? "an unknown type" : "type " + type));
  }

  void start_from_model(const store::ModelRecord& base) {
    if (!base.package_digest.empty()) require_nothing_to_quantize(base);
    if (!base.stored) {
      builder_.start_from_folder(base.folder);
      builder_.check_package(base.folder.filename().string());
      return;
    }
    const std::vector<const store::Layer*> weights =
        base.stored->manifest->layers_of(store::media_type::kModel);
    if (!base.package_digest.empty() || weights.empty()) {
      builder_.start_from(*base.stored);
      return;
    }
    if (weights.size() > 1) {
      throw Error(ErrorCode::kUnsupported, "model '" + base.name + "' is split into " +
                                               std::to_string(weights.size()) +
                                               " GGUF files, which cannot be compiled; merge them first");
    }
    compile(store_.blobs().path(weights.front()->digest), "model.gguf");
    builder_.apply(store_.settings(*base.stored->manifest));
  }

  /// It must be there, and able to guess for this model.
  void check_draft() const {
    const store::ModelRecord draft = chat::find_model(tools_.library, request_.settings.draft);
    model::require_same_vocabulary(*builder_.open_package(request_.name.model), *tools_.library.open(draft));
  }

  Contents contents() const {
    const auto any_ends_with = [this](std::string_view ending) {
      return std::any_of(request_.files.begin(), request_.files.end(),
                         [ending](const auto& file) { return file.first.ends_with(ending); });
    };
    if (any_ends_with(".axmodel")) return Contents::kPackage;
    if (any_ends_with(".safetensors")) return Contents::kCheckpoint;
    if (any_ends_with(".gguf") || is_gguf(store_.blobs().path(request_.files.begin()->second))) {
      return Contents::kGguf;
    }
    return Contents::kUnknown;
  }

  void start_from_files() {
    for (const auto& [name, digest] : request_.files) {
      if (!store_.blobs().contains(digest)) {
        throw Error(ErrorCode::kInvalidArgument, "the file " + name + " (" + digest.text() +
                                                     ") was not uploaded; POST it to /api/blobs first");
      }
    }
    switch (contents()) {
      case Contents::kPackage:
        require_nothing_to_quantize("the files of model '" + request_.name.short_text() +
                                    "' are a compiled package");
        builder_.start_from_files(request_.files);
        builder_.check_package(request_.name.model);
        return;
      case Contents::kGguf:
        if (request_.files.size() > 1) {
          throw Error(ErrorCode::kInvalidArgument, "a model can be made of one GGUF file, not of " +
                                                       std::to_string(request_.files.size()) +
                                                       "; merge the parts first");
        }
        say("parsing GGUF");
        if (!is_gguf(store_.blobs().path(request_.files.begin()->second))) {
          throw Error(ErrorCode::kInvalidArgument, "supplied file was not in GGUF format");
        }
        compile(store_.blobs().path(request_.files.begin()->second), "model.gguf");
        return;
      case Contents::kCheckpoint:
        compile_checkpoint();
        return;
      case Contents::kUnknown:
        throw Error(ErrorCode::kInvalidArgument,
                    "unknown type: none of the files is a package's (*.axmodel), GGUF or safetensors");
    }
  }

  void check_compiler() const {
    if (tools_.real_card) {
      throw Error(
          ErrorCode::kUnsupported,
          "the card runs only packages made by its vendor's compiler. Compile the original checkpoint "
          "with: pulsar2 llm_build2 --input_path CHECKPOINT --output_path PACKAGE --chip AX650, then "
          "create the model from the folder PACKAGE; or pull one of the vendor's packages");
    }
    if (!tools_.compile) {
      throw Error(ErrorCode::kUnsupported, "this server cannot compile weights");
    }
  }

  void compile(const fs::path& source, const std::string& link_name) {
    check_compiler();
    const WorkFolder work(store_);
    const fs::path link = work.path() / link_name;
    fs::create_symlink(fs::absolute(source), link);
    compile_into(link, work);
  }

  void compile_checkpoint() {
    check_compiler();
    const WorkFolder work(store_);
    const fs::path source = work.path() / "checkpoint";
    for (const auto& [name, digest] : request_.files) {
      store::make_folders((source / name).parent_path());
      fs::create_symlink(fs::absolute(store_.blobs().path(digest)), source / name);
    }
    compile_into(source, work);
  }

  void compile_into(const fs::path& source, const WorkFolder& work) {
    say("converting model");
    CompileJob job{.source = source, .output = work.path() / "package", .weight_type = request_.weight_type};
    const auto context = request_.settings.parameters.find("num_ctx");
    if (context != request_.settings.parameters.end() && context->is_number_integer() &&
        context->get<std::int64_t>() > 0) {
      job.max_context = context->get<std::size_t>();
    }
    tools_.compile(job, [this](std::size_t done, std::size_t total) {
      if (cancelled_) throw Error(ErrorCode::kCancelled, "request canceled");
      Json record;
      record["status"] = "converting model";
      record["digest"] = "convert";  // ties the records to one bar
      record["total"] = total;
      record["completed"] = done;
      emit_(record);
    });
    builder_.take_folder(job.output);
    builder_.check_package(request_.name.model);
  }

  const CreationTools& tools_;
  const CreateRequest& request_;
  const RecordSink& emit_;
  const std::atomic<bool>& cancelled_;
  store::ModelStore& store_;
  store::ModelBuilder builder_;
};

}  // namespace

void create_model(const CreationTools& tools, const CreateRequest& request, const RecordSink& emit,
                  const std::atomic<bool>& cancelled) {
  if (tools.library.store() == nullptr) {
    throw Error(ErrorCode::kUnsupported, "this server has no model store; set OLLAMA_MODELS to a folder");
  }
  Creation(tools, request, emit, cancelled).run();
}

}  // namespace axllama::api::ollama
