#pragma once

#include <string>
#include <thread>
#include <vector>

#include "serving/service.h"
#include "store/library.h"

namespace axllama::api {

/// Models to load when the server starts, by the names users give them.
struct PreloadPlan {
  std::vector<std::string> pinned;  // these first; they stay
  std::vector<std::string> loaded;
};

/// Loads models one after the other on a thread of its own. What cannot be loaded is logged, and the next is
/// tried.
class Preloader {
 public:
  /// `service` and `library` must outlive it.
  Preloader(serving::InferenceService& service, const store::Library& library, PreloadPlan plan);
  /// Gives up what has not been loaded yet.
  ~Preloader() = default;
  Preloader(const Preloader&) = delete;
  Preloader& operator=(const Preloader&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace axllama::api
