#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace axllama::text::jinja {

// Substring search in time linear in the sizes of both texts, whatever they contain. Offsets are bytes;
// std::string_view::npos when there is none.

std::size_t find_text(std::string_view text, std::string_view part, std::size_t from = 0);
/// The last occurrence.
std::size_t find_last_text(std::string_view text, std::string_view part);
std::size_t count_text(std::string_view text, std::string_view part);
/// Replaces the first `most` occurrences, all when `most` is negative. An empty `part` stands before, between
/// and after all code points.
std::string replace_text(std::string_view text, std::string_view part, std::string_view by,
                         std::ptrdiff_t most);
/// The size replace_text's result will have.
std::size_t replaced_size(std::string_view text, std::string_view part, std::string_view by,
                          std::ptrdiff_t most);

}  // namespace axllama::text::jinja
