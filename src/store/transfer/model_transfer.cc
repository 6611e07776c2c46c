#include "store/transfer/model_transfer.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "store/model_builder.h"
#include "store/transfer/downloader.h"
#include "store/transfer/registry.h"

namespace axllama::store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kSourceMember = "axllama_source";  // of the config: where a package came from

bool is_hub(const ModelName& name) {
  return equal_ignoring_case(name.host, "hf.co") || equal_ignoring_case(name.host, "huggingface.co");
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Unknown models get Ollama's sentence, which clients look for.
template <typename Work>
auto manifest_step(Work work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) throw;
    throw Error(error.code(), "pull model manifest: " + error.message(), error.detail());
  }
}

std::set<Digest> digests_of(const Manifest& manifest) {
  std::set<Digest> digests{manifest.config.digest};
  for (const Layer& layer : manifest.layers) digests.insert(layer.digest);
  return digests;
}

/// Marks a model as being pulled; waits while it is already.
class UnderWay {
 public:
  UnderWay(std::mutex& mutex, std::condition_variable& ended, std::set<std::string>& names, std::string name,
           const std::atomic<bool>& cancelled)
      : mutex_(mutex), ended_(ended), names_(names), name_(std::move(name)) {
    std::unique_lock lock(mutex_);
    while (names_.contains(name_)) {
      if (cancelled) throw Error(ErrorCode::kCancelled, "request canceled");
      ended_.wait_for(lock, std::chrono::milliseconds(100));
    }
    names_.insert(name_);
  }
  ~UnderWay() {
    {
      const std::lock_guard lock(mutex_);
      names_.erase(name_);
    }
    ended_.notify_all();
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  std::mutex& mutex_;
  std::condition_variable& ended_;
  std::set<std::string>& names_;
  std::string name_;
};

}  // namespace

ModelTransfer::ModelTransfer(ModelStore& store, TransferOptions options)
    : store_(store), options_(std::move(options)) {}

void ModelTransfer::pull(const PullRequest& request, const ProgressFunction& progress,
                         const std::atomic<bool>& cancelled) {
  const UnderWay only(mutex_, ended_, under_way_, lower(request.name.full_text()), cancelled);
  progress({.status = "pulling manifest"});
  if (!is_hub(request.name)) {
    if (const auto source = find_in_catalogue(request.name, options_.catalogue)) {
      pull_package(request, *source, progress, cancelled);
      return;
    }
    const std::string base = registry_base(request.name, request.insecure);
    RegistryAuthorization authorization(base, options_);
    pull_manifest(request, base, authorization, progress, cancelled);
    return;
  }
  const bool latest = request.name.tag == ModelName::kDefaultTag;
  pull_package(request,
               {.repository = request.name.space + "/" + request.name.model,
                .revision = latest ? "main" : request.name.tag},
               progress, cancelled);
}

bool ModelTransfer::is_up_to_date(const ModelName& name, const std::string& source) const {
  try {
    const auto stored = store_.manifests().find(name);
    if (!stored || store_.config(*stored->manifest).value(kSourceMember, "") != source) return false;
    const auto& layers = stored->manifest->layers;
    return std::all_of(layers.begin(), layers.end(), [this](const Layer& layer) {
      return store_.blobs().size(layer.digest) == layer.size;
    });
  } catch (const Error&) {
    return false;
  }
}

void ModelTransfer::pull_package(const PullRequest& request, const PackageSource& source,
                                 const ProgressFunction& progress, const std::atomic<bool>& cancelled) {
  HubAuthorization authorization(options_.hub_token);
  HubRepository repository;
  std::map<std::string, RemoteFile> package;
  try {
    repository = manifest_step([&] {
      return list_repository(source.repository, source.revision, authorization, options_, cancelled);
    });
    package = manifest_step([&] { return select_package(repository, source.folder); });
  } catch (const Error& error) {
    // A tag may also name a quantization, which the hub knows only as a registry.
    if (error.code() != ErrorCode::kNotFound || !is_hub(request.name)) throw;
  }
  if (package.empty()) {
    if (!is_hub(request.name)) {
      throw Error(ErrorCode::kNotFound, "pull model manifest: the repository " + source.repository +
                                            " holds no package for this card");
    }
    pull_manifest(request, options_.hub, authorization, progress, cancelled);
    return;
  }

  const std::string origin = source.repository + "@" + repository.commit + "/" + source.folder;
  const Digest bar = Digest::of(origin);  // ties the records to one bar
  std::vector<RemoteFile> files;
  std::uint64_t total = 0;
  for (const auto& [path, file] : package) {
    files.push_back(file);
    total += file.size;
  }
  const auto report = [&](std::uint64_t completed) {
    progress({.status = "pulling " + bar.abbreviated(),
              .digest = bar.text(),
              .total = total,
              .completed = completed});
  };
  if (is_up_to_date(request.name, origin)) {
    report(total);
  } else {
    std::vector<std::unique_ptr<BlobPin>> pins;
    const std::vector<Digest> digests = download(
        store_.blobs(), store_.folder() / "axllama" / "partial", files, authorization, options_,
        [&](const DownloadState& state) { report(std::min(state.completed, total)); }, cancelled, pins);
    progress({.status = "verifying sha256 digest"});
    std::map<std::string, Digest> parts;
    std::size_t at = 0;
    for (const auto& [path, file] : package) parts.emplace(path, digests[at++]);
    ModelBuilder builder(store_, [](const std::string&) {});
    builder.start_from_files(parts);
    builder.check_package(source.repository.substr(source.repository.find('/') + 1));
    Json facts;
    facts[kSourceMember] = origin;
    builder.describe(facts);
    progress({.status = "writing manifest"});
    builder.write(request.name);
  }
  progress({.status = "success"});
}

void ModelTransfer::pull_manifest(const PullRequest& request, const std::string& base,
                                  Authorization& authorization, const ProgressFunction& progress,
                                  const std::atomic<bool>& cancelled) {
  Registry registry(base, request.name.space, request.name.model, authorization, options_);
  const std::string text = manifest_step([&] { return registry.manifest(request.name.tag, cancelled); });
  const Manifest manifest = manifest_step([&] { return Manifest::parse(text); });
  if (request.packages_only && !manifest.has_package()) {
    throw Error(
        ErrorCode::kUnsupported,
        "model '" + request.name.short_text() +
            "' holds no package for the card, only weights in another form, so it is not fetched; the "
            "vendor's packages are pulled by names such as qwen3:4b or hf.co/AXERA-TECH/REPO");
  }
  std::vector<RemoteFile> files;
  for (const Layer& layer : manifest.layers) files.push_back(registry.file(layer));
  files.push_back(registry.file(manifest.config));
  std::vector<std::unique_ptr<BlobPin>> pins;
  std::vector<std::uint64_t> reported(files.size(), ~std::uint64_t{0});
  download(
      store_.blobs(), store_.folder() / "axllama" / "partial", files, authorization, options_,
      [&](const DownloadState& state) {
        for (std::size_t i = 0; i < files.size(); ++i) {
          if (reported[i] == state.completed_of[i]) continue;
          reported[i] = state.completed_of[i];
          progress({.status = "pulling " + files[i].digest->abbreviated(),
                    .digest = files[i].digest->text(),
                    .total = files[i].size,
                    .completed = state.completed_of[i]});
        }
      },
      cancelled, pins);
  progress({.status = "verifying sha256 digest"});
  std::set<Digest> replaced;
  try {
    if (const auto old = store_.manifests().find(request.name)) replaced = digests_of(*old->manifest);
  } catch (const Error&) {  // one that cannot be read is replaced, too
  }
  progress({.status = "writing manifest"});
  store_.manifests().write(request.name, text);
  pins.clear();
  if (!replaced.empty() && replaced != digests_of(manifest)) {
    progress({.status = "removing unused layers"});
    store_.remove_unreferenced(replaced);
  }
  progress({.status = "success"});
}

void ModelTransfer::push(const ModelName& name, bool insecure, const ProgressFunction& progress,
                         const std::atomic<bool>& cancelled) {
  progress({.status = "retrieving manifest"});
  const std::optional<StoredManifest> model = store_.manifests().find(name);
  const std::optional<std::string> text = store_.manifests().text(name);
  if (!model || !text) throw Error(ErrorCode::kNotFound, "model '" + name.short_text() + "' not found");
  if (equal_ignoring_case(name.host, ModelName::kDefaultHost) || is_hub(name)) {
    throw Error(
        ErrorCode::kUnsupported,
        "models are pushed to a registry of your own; copy the model to a name with its address first, "
        "HOST[:PORT]/NAMESPACE/MODEL");
  }
  const std::string base = registry_base(name, insecure);
  RegistryAuthorization authorization(base, options_);
  Registry registry(base, model->name.space, model->name.model, authorization, options_);
  std::vector<Layer> layers = model->manifest->layers;
  layers.push_back(model->manifest->config);
  for (const Layer& layer : layers) {
    auto reported = std::chrono::steady_clock::time_point();
    const auto report = [&](std::uint64_t sent) {
      const auto now = std::chrono::steady_clock::now();
      if (sent < layer.size && now - reported < options_.report_every) return;
      reported = now;
      progress({.status = "pushing " + layer.digest.abbreviated(),
                .digest = layer.digest.text(),
                .total = layer.size,
                .completed = sent});
    };
    report(0);
    if (!registry.has_blob(layer.digest, cancelled)) {
      registry.upload(layer, store_.blobs().path(layer.digest), report, cancelled);
    }
    report(layer.size);
  }
  progress({.status = "pushing manifest"});
  registry.put_manifest(name.tag, *text, cancelled);
  progress({.status = "success"});
}

}  // namespace axllama::store
