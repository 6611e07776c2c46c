#include "store/package_links.h"

#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>

#include "base/error.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

bool is_complete(const fs::path& folder, const Manifest& manifest) {
  for (const Layer* layer : manifest.layers_of(media_type::kPackageFile)) {
    std::error_code error;
    if (fs::file_size(folder / layer->name, error) != layer->size || error) return false;
  }
  return true;
}

void link(const fs::path& blob, const fs::path& to) {
  if (const std::error_code error = link_file(blob, to)) {
    throw Error(ErrorCode::kInvalidArgument, "cannot link " + to.string() + " to the blob " + blob.string() +
                                                 ": " + error.message() +
                                                 "; the store must lie on a file system with links");
  }
}

/// Removed at the end unless it was moved to its place.
struct UnfinishedFolder {
  fs::path path;
  ~UnfinishedFolder() { remove_tree(path); }
};

}  // namespace

PackageLinks::PackageLinks(fs::path folder, const BlobStore& blobs)
    : packages_(folder / "axllama" / "packages"), blobs_(blobs) {}

fs::path PackageLinks::path(const Manifest& manifest, const std::string& model) const {
  const std::optional<Digest> digest = manifest.package_digest();
  return digest ? packages_ / digest->hex() / model : fs::path();
}

fs::path PackageLinks::make(const Manifest& manifest, const std::string& model) const {
  const fs::path folder = path(manifest, model);
  if (is_complete(folder, manifest)) return folder;
  for (const Layer* layer : manifest.layers_of(media_type::kPackageFile)) {
    if (blobs_.size(layer->digest) != layer->size) {
      throw Error(ErrorCode::kNotFound, "the store has lost the file " + layer->name + " of this model (" +
                                            blobs_.path(layer->digest).string() +
                                            "); pull or create it again");
    }
  }
  make_folders(blobs_.unfinished());
  const UnfinishedFolder unfinished{blobs_.unfinished() / unique_name()};
  make_folders(unfinished.path);
  const Descriptor in_use = open_file(unfinished.path, O_RDONLY | O_DIRECTORY);
  static_cast<void>(try_lock(in_use));
  for (const Layer* layer : manifest.layers_of(media_type::kPackageFile)) {
    const fs::path to = unfinished.path / layer->name;
    make_folders(to.parent_path());
    link(blobs_.path(layer->digest), to);
  }
  make_folders(folder.parent_path());
  std::error_code error = rename_file(unfinished.path, folder);
  if (!error || is_complete(folder, manifest)) return folder;  // somebody else's, who was faster
  const UnfinishedFolder damaged{blobs_.unfinished() / unique_name()};
  static_cast<void>(rename_file(folder, damaged.path));
  error = rename_file(unfinished.path, folder);
  if (error && !is_complete(folder, manifest)) throw_file_error("make", folder, error.value());
  return folder;
}

std::size_t PackageLinks::keep_only(const std::set<Digest>& digests) const {
  std::vector<fs::path> stale;
  std::error_code error;
  for (fs::directory_iterator entry(packages_, error), end; !error && entry != end; entry.increment(error)) {
    const auto digest = Digest::parse("sha256:" + entry->path().filename().string());
    if (!digest || !digests.contains(*digest)) stale.push_back(entry->path());
  }
  for (const fs::path& folder : stale) remove_tree(folder);
  return stale.size();
}

void PackageLinks::remove(const Digest& package) const {
  remove_tree(packages_ / package.hex());
}

}  // namespace axllama::store
