#pragma once

#include <string>

namespace axllama::cli {

/// What `/? TOPIC` prints: set, show, save, load, shortcuts; all commands for other topics. Ends with a
/// newline.
const char* repl_help(const std::string& topic = {});

}  // namespace axllama::cli
