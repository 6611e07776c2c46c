#include "softcard/card/error.h"

#include <array>
#include <charconv>

namespace axllama::softcard {

std::string hex(std::uint64_t value) {
  std::array<char, 17> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

}  // namespace axllama::softcard
