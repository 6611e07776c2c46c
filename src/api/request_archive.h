#pragma once

#include <cstddef>
#include <filesystem>
#include <list>
#include <mutex>
#include <string>

#include "http/request.h"

namespace axllama::api {

/// Keeps the bodies of requests as files, each with a script that sends it again, for finding out what a
/// client really sent. They hold what users said: the folder is its owner's alone. Thread-safe.
class RequestArchive {
 public:
  static constexpr std::size_t kMostRequests = 1000;  // the oldest go

  /// Makes a folder of its own below `parent` (the system's temporary folder by default). Throws Error.
  explicit RequestArchive(const std::filesystem::path& parent = std::filesystem::temp_directory_path());

  const std::filesystem::path& folder() const noexcept { return folder_; }

  /// A failure to write is logged and stops nothing.
  void save(const http::Request& request);

 private:
  std::filesystem::path folder_;
  std::mutex mutex_;
  std::size_t saved_ = 0;
  std::list<std::string> names_;  // of what is there, without an ending; oldest first
};

}  // namespace axllama::api
