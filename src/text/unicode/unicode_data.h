#pragma once

#include <cstdint>
#include <span>

namespace axllama::text {

/// Code points `first` to `last` share `value`; those in no range have 0. Ranges are sorted and do not
/// overlap.
struct ClassRange {
  char32_t first;
  char32_t last;
  std::uint8_t value;
};

/// One step of canonical decomposition. `second` is 0 where one character stands for another (a singleton).
/// `composed` tells that NFC puts the pair together again. Sorted by code point; Hangul syllables are not
/// listed.
struct Decomposition {
  char32_t code_point;
  char32_t first;
  char32_t second;
  bool composed;
};

/// Code points `first` to `last` have another category in Unicode 14; `other` has their category there as
/// well, and takes as many bytes in UTF-8. Sorted.
struct StandIn {
  char32_t first;
  char32_t last;
  char32_t other;
};

extern const std::span<const ClassRange> kCharacterClasses;  // bits of CharacterClass
extern const std::span<const ClassRange> kCombiningClasses;  // Canonical_Combining_Class
extern const std::span<const Decomposition> kDecompositions;
extern const std::span<const StandIn> kStandIns;

}  // namespace axllama::text
