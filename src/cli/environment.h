#pragma once

#include <filesystem>
#include <string>

namespace axllama::cli {

/// A setting of the environment by its name without prefix: AXLLAMA_<name>, else OLLAMA_<name>, without
/// blanks and quotes around it; empty when neither says anything.
std::string setting(const std::string& name);

/// The same for a switch: off when unset, "0" or "false" (any case, also "f"), on for every other value.
bool switch_setting(const std::string& name);

/// HOME. Throws Error (kInvalidArgument) when it is not set: "HOME is not set, and `why`".
std::filesystem::path home_folder(const std::string& why);

}  // namespace axllama::cli
