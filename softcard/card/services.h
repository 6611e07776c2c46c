#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "softcard/card/chatter.h"
#include "softcard/card/counters.h"
#include "softcard/card/fault_plan.h"
#include "softcard/card/host_memory.h"
#include "softcard/card/reports.h"
#include "softcard/card/settings.h"
#include "softcard/graph/program.h"

namespace axllama::softcard {

using ProgramLoader =
    std::function<std::unique_ptr<Program>(std::span<const std::byte> image, const std::string& name)>;

class ScriptPlayer;

/// What every part of the card shares. One per process (one per test). Any thread.
struct Services {
  explicit Services(ProgramLoader loader);
  ~Services();

  /// The settings in force now; hold on to the pointer for the length of one call.
  std::shared_ptr<const Settings> settings() const {
    const std::scoped_lock lock(settings_mutex_);
    return settings_;
  }
  void set_settings(Settings settings);

  ProgramLoader load_program;
  Counters counters;
  Reports reports;
  FaultPlan faults{reports};
  Chatter chatter;
  HostMemory host_memory;
  const std::unique_ptr<ScriptPlayer> script;
  std::mutex compute;  // the kernels' threads serve one execution at a time

 private:
  mutable std::mutex settings_mutex_;
  std::shared_ptr<const Settings> settings_ = std::make_shared<const Settings>();
};

}  // namespace axllama::softcard
