#include "compiler/package_folder.h"

#include <fstream>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/error.h"

namespace axllama::compiler {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

/// Whether the folder is a package that this compiler made: only those are replaced, a vendor's never.
bool is_own_package(const fs::path& folder) {
  std::ifstream stream(folder / "config.json", std::ios::binary);
  const nlohmann::json config = nlohmann::json::parse(stream, nullptr, false);
  return config.is_object() && config.contains("axllama");
}

}  // namespace

PackageFolder::PackageFolder(fs::path destination, bool replace) : destination_(std::move(destination)) {
  if (destination_.filename().empty()) destination_ = destination_.parent_path();
  std::error_code error;
  if (fs::exists(destination_, error) && !fs::is_empty(destination_, error)) {
    if (!is_own_package(destination_)) {
      throw Error(ErrorCode::kInvalidArgument,
                  destination_.string() + " exists and was not made by this compiler; it is left alone");
    }
    if (!replace) {
      throw Error(ErrorCode::kInvalidArgument, destination_.string() + " exists; --force replaces it");
    }
  }
  unfinished_ = destination_;
  unfinished_ += ".unfinished-" + std::to_string(::getpid());
  fs::create_directories(unfinished_, error);
  if (error)
    throw Error(ErrorCode::kInvalidArgument, "cannot make " + unfinished_.string() + ": " + error.message());
}

PackageFolder::~PackageFolder() {
  std::error_code ignored;
  if (!unfinished_.empty()) fs::remove_all(unfinished_, ignored);
}

void PackageFolder::write_text(const std::string& name, const std::string& text) const {
  std::ofstream file(unfinished_ / name, std::ios::binary);
  file << text;
  if (!file.flush())
    throw Error(ErrorCode::kResourceExhausted, "cannot write " + (unfinished_ / name).string());
}

void PackageFolder::commit() {
  std::error_code error;
  fs::path old = destination_;
  old += ".replaced-" + std::to_string(::getpid());
  const bool replaced = fs::exists(destination_, error);
  if (replaced) fs::rename(destination_, old, error);
  if (!error) fs::rename(unfinished_, destination_, error);
  if (error) {
    std::error_code ignored;
    if (replaced) fs::rename(old, destination_, ignored);
    throw Error(ErrorCode::kInvalidArgument, "cannot make " + destination_.string() + ": " + error.message());
  }
  unfinished_.clear();
  if (replaced) fs::remove_all(old, error);
}

}  // namespace axllama::compiler
