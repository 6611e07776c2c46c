#include "text/unicode/character_class.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "text/unicode/unicode_data.h"

namespace axllama::text {
namespace {

std::vector<std::uint8_t> build_table() {
  std::vector<std::uint8_t> table(0x110000, 0);
  for (const ClassRange& range : kCharacterClasses) {
    std::fill(table.begin() + static_cast<std::ptrdiff_t>(range.first),
              table.begin() + static_cast<std::ptrdiff_t>(range.last) + 1, range.value);
  }
  return table;
}

}  // namespace

CharacterClassTable character_classes() noexcept {
  static const std::vector<std::uint8_t> table = build_table();
  return table.data();
}

}  // namespace axllama::text
