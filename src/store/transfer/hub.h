#pragma once

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "store/transfer/remote_file.h"
#include "store/transfer/transfer_options.h"

namespace axllama::store {

/// A repository of the Hugging Face hub at one of its commits.
struct HubRepository {
  std::string commit;
  std::vector<RemoteFile> files;  // `name`: the path in the repository
};

/// The token of the hub, if there is one.
class HubAuthorization final : public Authorization {
 public:
  explicit HubAuthorization(std::string token) : token_(std::move(token)) {}
  HeaderFields headers() override;
  bool renew(const http::FetchHead& /*refusal*/) override { return false; }
  std::string advice() const override;

 private:
  std::string token_;
};

/// Lists a repository "OWNER/REPO" at a branch, tag or commit. Throws Error (kNotFound) when there is none.
HubRepository list_repository(const std::string& repository, const std::string& revision,
                              Authorization& authorization, const TransferOptions& options,
                              const std::atomic<bool>& cancelled);

/// Which files of a repository make up the package for this card, by their paths in it.
///
/// Vendors publish programs, scripts, pictures and packages for several chips in one repository. The package
/// is the folder with the layer files (NAME_l0_together.axmodel and so on): the repository itself, or
/// `folder` when it is given, or the only one, or the only one that does not name another chip. Tokenizer
/// files and configuration that lie beside that folder belong to it. Throws Error (kInvalidArgument,
/// kNotFound) naming the folders when that does not decide. Empty when the repository has no *.axmodel files.
std::map<std::string, RemoteFile> select_package(const HubRepository& repository, const std::string& folder);

}  // namespace axllama::store
