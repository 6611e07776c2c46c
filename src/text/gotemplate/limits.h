#pragma once

#include <cstddef>
#include <cstdint>

namespace axllama::text::gotemplate {

// Templates come with downloaded models and with requests and are not trusted: each limit ends the work with
// an error that names it.
inline constexpr std::size_t kMaxSourceBytes = std::size_t{4} << 20U;
inline constexpr std::size_t kMaxOutputBytes = std::size_t{16} << 20U;  // also of one text within
inline constexpr std::uint64_t kMaxSteps =
    20'000'000;                            // nodes, arguments, loop rounds, and 1 per 64 bytes of text
inline constexpr int kMaxNesting = 150;    // of blocks and parentheses in the source
inline constexpr int kMaxCallDepth = 200;  // of templates that call templates

}  // namespace axllama::text::gotemplate
