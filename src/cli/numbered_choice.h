#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace axllama::cli {

/// Whether somebody can be asked: standard input and standard error are terminals.
bool can_ask() noexcept;

/// Asks on standard error; the line that is typed.
std::string ask(const std::string& question);

/// Which entry an answer names: by its number from 1, by its text, or the first by nothing at all.
std::optional<std::size_t> chosen(const std::vector<std::string>& entries, const std::string& answer);

/// Shows the entries (at least one) with their numbers and asks for one of them. Throws Error
/// (kInvalidArgument) when the answer names none.
std::size_t choose(const std::vector<std::string>& entries, const std::string& question);

}  // namespace axllama::cli
