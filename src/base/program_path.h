#pragma once

#include <filesystem>

namespace axllama::base {

/// The folder of the running program, links resolved; empty where the system does not tell.
std::filesystem::path program_folder();

}  // namespace axllama::base
