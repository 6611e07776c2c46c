#pragma once

#include <memory>
#include <utility>

#include "inference/engine.h"
#include "inference/model_runner.h"

namespace axllama::inference {

struct Engine::Impl {
  Impl(axcl::Card& card, std::shared_ptr<const model::Package> package, const LoadProgress& progress)
      : runner(card, std::move(package), progress) {}

  /// Throws Error (kInternal) while a generation runs.
  void require_idle() const;

  ModelRunner runner;
  std::shared_ptr<bool> generating = std::make_shared<bool>(false);
};

}  // namespace axllama::inference
