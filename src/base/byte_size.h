#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace axllama::base {

/// Reads a number of bytes: a whole or decimal number and a unit: none or B, kB, MB, GB, TB (powers of 1000),
/// KiB, MiB, GiB, TiB or K, M, G, T (powers of 1024); blanks in between and letter case do not matter ("0",
/// "512MiB", "1.5 GiB", "8g"). Throws Error (kInvalidArgument) naming the text.
std::uint64_t parse_byte_size(std::string_view text);

/// Decimal units with two or three digits, as the field prints sizes: "523 MB", "4.7 GB".
std::string human_bytes(std::uint64_t bytes);

}  // namespace axllama::base
