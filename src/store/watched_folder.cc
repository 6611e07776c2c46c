#include "store/watched_folder.h"

#include <utility>

#include "base/error.h"
#include "model/package.h"
#include "telemetry/log.h"

namespace axllama::store {
namespace {

constexpr std::size_t kMostRemembered = 4096;

bool opens(const PackageListing& package) {
  const std::string name = package.folder.filename().string();
  try {
    model::Package::open(package.folder);
    telemetry::log(telemetry::LogLevel::kInfo, "a model appeared in a watched folder", {{"model", name}});
    return true;
  } catch (const base::Error& error) {
    telemetry::log(telemetry::LogLevel::kWarning, "a package in a watched folder is not complete yet",
                   {{"model", name}, {"error", error.message()}});
    return false;
  }
}

}  // namespace

WatchedFolder::WatchedFolder(std::filesystem::path folder, std::chrono::milliseconds settle)
    : folder_(std::move(folder)), settle_(settle) {}

bool WatchedFolder::is_complete(const PackageListing& package) const {
  if (package.has_unfinished_files) return false;
  if (std::chrono::system_clock::now() - package.changed_at < settle_) return false;
  const std::string key = package.folder.string() + ":" + package.digest;
  const std::lock_guard lock(mutex_);
  if (const auto known = opens_.find(key); known != opens_.end()) return known->second;
  if (opens_.size() >= kMostRemembered) opens_.clear();
  return opens_[key] = opens(package);
}

std::vector<PackageListing> WatchedFolder::packages() const {
  std::vector<PackageListing> packages = list_packages(folder_);
  std::erase_if(packages, [this](const PackageListing& package) { return !is_complete(package); });
  return packages;
}

}  // namespace axllama::store
