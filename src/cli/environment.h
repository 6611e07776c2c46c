#pragma once

#include <string>

namespace axllama::cli {

/// A setting of the environment by its name without prefix: AXLLAMA_<name>, else OLLAMA_<name>, without
/// blanks and quotes around it; empty when neither says anything.
std::string setting(const std::string& name);

/// The same for a switch: off when unset, "0" or "false" (any case, also "f"), on for every other value.
bool switch_setting(const std::string& name);

}  // namespace axllama::cli
