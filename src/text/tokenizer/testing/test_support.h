#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "tests/paths.h"
#include "tests/support/temporary_folder.h"

namespace axllama::text {

/// Folder of the tokenizer fixtures and golden vectors.
inline std::filesystem::path golden_folder() {
  return std::filesystem::path(AXLLAMA_SOURCE_DIR) / "tests" / "golden" / "tokenizer";
}

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using axllama::testing::TemporaryFolder;

/// Valid UTF-8 of mixed scripts, white space, digits, marks and contractions; the same for the same state of
/// `random`.
inline std::string random_text(std::mt19937& random, int characters) {
  const auto below = [&](std::uint32_t limit) {
    return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(random);
  };
  std::string text;
  for (int i = 0; i < characters; ++i) {
    switch (below(9)) {
      case 0:
      case 1:
        base::append_utf8(text, 'a' + below(26));
        break;
      case 2:
        text += std::string_view(" \t\n\r\v\f")[below(6)];
        break;
      case 3:
        base::append_utf8(text, 0x20 + below(0x60));
        break;
      case 4:
        base::append_utf8(text, 0x80 + below(0x780));
        break;
      case 5:
        base::append_utf8(text, 0x300 + below(0x70));
        break;
      case 6: {
        const char* parts[] = {"'s",     "'LL",    "'Re",  "'\u017F", " ",   "  ",
                               "\u3000", "\u0085", "\r\n", "'d",      "1234"};
        text += parts[below(11)];
        break;
      }
      case 7:
        base::append_utf8(text, 0x4E00 + below(0x5000));
        break;
      default:
        base::append_utf8(text, below(0x110000));
        break;
    }
  }
  return text;
}

}  // namespace axllama::text
