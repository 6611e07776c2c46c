#pragma once

#include <string>
#include <vector>

namespace axllama::cli {

/// Asks what to do, when there is a terminal to ask on and a server that answers: talk to one of its models,
/// or start one of the installed programs with one. The command line that does it, without the program's own
/// name; empty when nobody can be asked. Throws Error (kInvalidArgument) for an answer that is not in the
/// list.
std::vector<std::string> ask_for_command();

}  // namespace axllama::cli
