#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>

#include "store/model_store.h"
#include "store/transfer/catalogue.h"
#include "store/transfer/hub.h"
#include "store/transfer/transfer_options.h"

namespace axllama::store {

struct PullRequest {
  ModelName name;
  bool insecure = false;  // http instead of https
  /// The card runs only packages: a model of other weights (GGUF) is refused before it is fetched.
  bool packages_only = false;
};

/// Fetches models into a store and sends them to registries. Thread-safe; a second pull of one model waits
/// for the first.
class ModelTransfer {
 public:
  ModelTransfer(ModelStore& store, TransferOptions options);

  /// Names of a catalogue and "hf.co/OWNER/REPO[:REVISION]" come from the Hugging Face hub, others from their
  /// registry. Reports Ollama's records, the last "success". What was fetched stays for the next time when it
  /// ends early. Throws Error: `pull model manifest: file does not exist` for an unknown model.
  void pull(const PullRequest& request, const ProgressFunction& progress, const std::atomic<bool>& cancelled);
  /// Sends a model to its registry. Throws Error.
  void push(const ModelName& name, bool insecure, const ProgressFunction& progress,
            const std::atomic<bool>& cancelled);

 private:
  void pull_package(const PullRequest& request, const PackageSource& source, const ProgressFunction& progress,
                    const std::atomic<bool>& cancelled);
  void pull_manifest(const PullRequest& request, const std::string& base, Authorization& authorization,
                     const ProgressFunction& progress, const std::atomic<bool>& cancelled);
  bool is_up_to_date(const ModelName& name, const std::string& source) const;

  ModelStore& store_;
  TransferOptions options_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::set<std::string> under_way_;  // full names in lower case
};

}  // namespace axllama::store
