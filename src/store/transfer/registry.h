#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "store/manifest.h"
#include "store/model_name.h"
#include "store/transfer/remote_file.h"
#include "store/transfer/transfer_options.h"

namespace axllama::store {

/// Tokens as Docker's registries hand them out: after a 401 one is fetched from the realm that the answer
/// names, with the credentials configured for this registry's host; without them as Ollama does it, signed
/// with this machine's key, and when that is refused, as nobody. Also Basic, when credentials are there.
class RegistryAuthorization final : public Authorization {
 public:
  /// `base`: "https://host"; `fixed`: a header value to send in any case, or empty.
  RegistryAuthorization(std::string base, const TransferOptions& options, std::string fixed = {});
  ~RegistryAuthorization() override;

  HeaderFields headers() override;
  bool renew(const http::FetchHead& refusal) override;
  std::string advice() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// One model's place in a registry of Docker's protocol (v2). One thread at a time, but for file().
class Registry {
 public:
  /// `base`: "https://registry.ollama.ai"; `space` and `model` name the repository.
  Registry(std::string base, std::string space, std::string model, Authorization& authorization,
           const TransferOptions& options);

  /// The manifest's bytes. Throws Error (kNotFound) when there is none.
  std::string manifest(const std::string& tag, const std::atomic<bool>& cancelled);
  /// Where a blob is fetched from.
  RemoteFile file(const Layer& layer) const;

  bool has_blob(const Digest& digest, const std::atomic<bool>& cancelled);
  /// Called with the bytes sent so far.
  using SentFunction = std::function<void(std::uint64_t)>;
  void upload(const Layer& layer, const std::filesystem::path& blob, const SentFunction& sent,
              const std::atomic<bool>& cancelled);
  void put_manifest(const std::string& tag, const std::string& text, const std::atomic<bool>& cancelled);

 private:
  http::FetchResponse send(http::FetchRequest request, const std::atomic<bool>& cancelled);
  std::string absolute(const std::string& location) const;

  std::string base_;
  std::string repository_;  // "https://host/v2/library/qwen3"
  Authorization& authorization_;
  const TransferOptions& options_;
  http::Fetcher fetcher_;
  std::atomic<bool> reached_ = false;  // it has answered
};

/// "https://host" of a name, or "http://host" when its scheme or `insecure` says so.
std::string registry_base(const ModelName& name, bool insecure);

}  // namespace axllama::store
