#pragma once

#include "cli/launch/integration.h"

namespace axllama::cli {

// What each client documents about servers of one's own. Those that edit files name the provider "axllama",
// so that one called "ollama" stays what it is.
LaunchPlan plan_claude(const LaunchTarget& target);
LaunchPlan plan_cline(const LaunchTarget& target);
LaunchPlan plan_codex(const LaunchTarget& target);
LaunchPlan plan_copilot(const LaunchTarget& target);
LaunchPlan plan_droid(const LaunchTarget& target);
LaunchPlan plan_opencode(const LaunchTarget& target);
LaunchPlan plan_pi(const LaunchTarget& target);
LaunchPlan plan_qwen(const LaunchTarget& target);
LaunchPlan plan_vscode(const LaunchTarget& target);

}  // namespace axllama::cli
