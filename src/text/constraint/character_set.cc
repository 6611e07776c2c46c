#include "text/constraint/character_set.h"

#include <algorithm>
#include <cstddef>

namespace axllama::text {
namespace {

constexpr char32_t kFirstSurrogate = 0xD800;
constexpr char32_t kLastSurrogate = 0xDFFF;
constexpr char32_t kLastCharacter = 0x10FFFF;

struct Encoded {
  std::array<std::uint8_t, 4> bytes{};
  std::uint8_t length = 0;
};

Encoded encode(char32_t c) {
  const auto low = [c](unsigned shift) { return static_cast<std::uint8_t>(0x80U | ((c >> shift) & 0x3FU)); };
  if (c < 0x80) return {{static_cast<std::uint8_t>(c)}, 1};
  if (c < 0x800) return {{static_cast<std::uint8_t>(0xC0U | (c >> 6U)), low(0)}, 2};
  if (c < 0x10000) return {{static_cast<std::uint8_t>(0xE0U | (c >> 12U)), low(6), low(0)}, 3};
  return {{static_cast<std::uint8_t>(0xF0U | (c >> 18U)), low(12), low(6), low(0)}, 4};
}

/// Splits [first, last], of one encoded length, so that each part is a product of byte ranges: the trailing
/// bytes of a part either are fixed or run through all of 80..BF.
void split(char32_t first, char32_t last, std::vector<Utf8Sequence>& out) {
  const std::uint8_t length = encode(first).length;
  for (unsigned i = 1; i < length; ++i) {
    const char32_t mask = (char32_t{1} << (6U * i)) - 1;
    if ((first & ~mask) == (last & ~mask)) continue;
    if ((first & mask) != 0) {
      split(first, first | mask, out);
      split((first | mask) + 1, last, out);
      return;
    }
    if ((last & mask) != mask) {
      split(first, (last & ~mask) - 1, out);
      split(last & ~mask, last, out);
      return;
    }
  }
  const Encoded low = encode(first);
  const Encoded high = encode(last);
  Utf8Sequence sequence;
  sequence.length = length;
  for (std::size_t i = 0; i < length; ++i) sequence.bytes[i] = {low.bytes[i], high.bytes[i]};
  out.push_back(sequence);
}

}  // namespace

CharacterSet::CharacterSet(std::initializer_list<Range> ranges) {
  for (const Range& range : ranges) add(range.first, range.last);
}

CharacterSet CharacterSet::all() {
  return {{0, kLastCharacter}};
}

void CharacterSet::add(char32_t first, char32_t last) {
  last = std::min(last, kLastCharacter);
  if (first > last) return;
  if (first <= kLastSurrogate && last >= kFirstSurrogate) {
    if (first < kFirstSurrogate) add(first, kFirstSurrogate - 1);
    if (last > kLastSurrogate) add(kLastSurrogate + 1, last);
    return;
  }
  // Ranges that touch or overlap the new one are swallowed by it.
  const auto begin = std::lower_bound(ranges_.begin(), ranges_.end(), first,
                                      [](const Range& r, char32_t c) { return r.last + 1 < c; });
  auto end = begin;
  for (; end != ranges_.end() && end->first <= last + 1; ++end) {
    first = std::min(first, end->first);
    last = std::max(last, end->last);
  }
  ranges_.insert(ranges_.erase(begin, end), {first, last});
}

void CharacterSet::add(const CharacterSet& other) {
  for (const Range& range : other.ranges_) add(range.first, range.last);
}

CharacterSet CharacterSet::complement() const {
  CharacterSet rest;
  char32_t next = 0;
  for (const Range& range : ranges_) {
    if (range.first > next) rest.add(next, range.first - 1);
    next = range.last + 1;
  }
  rest.add(next, kLastCharacter);
  return rest;
}

CharacterSet CharacterSet::intersected(const CharacterSet& other) const {
  CharacterSet common;
  auto theirs = other.ranges_.begin();
  for (const Range& mine : ranges_) {
    while (theirs != other.ranges_.end() && theirs->last < mine.first) ++theirs;
    for (auto range = theirs; range != other.ranges_.end() && range->first <= mine.last; ++range) {
      common.add(std::max(mine.first, range->first), std::min(mine.last, range->last));
    }
  }
  return common;
}

CharacterSet CharacterSet::without(const CharacterSet& other) const {
  return intersected(other.complement());
}

bool CharacterSet::contains(char32_t character) const noexcept {
  const auto range = std::lower_bound(ranges_.begin(), ranges_.end(), character,
                                      [](const Range& r, char32_t c) { return r.last < c; });
  return range != ranges_.end() && range->first <= character;
}

std::vector<Utf8Sequence> utf8_sequences(const CharacterSet& set) {
  constexpr std::array<char32_t, 4> kLastOfLength = {0x7F, 0x7FF, 0xFFFF, kLastCharacter};
  std::vector<Utf8Sequence> sequences;
  for (CharacterSet::Range range : set.ranges()) {
    for (const char32_t end : kLastOfLength) {
      if (range.first > end) continue;
      split(range.first, std::min(range.last, end), sequences);
      if (range.last <= end) break;
      range.first = end + 1;
    }
  }
  return sequences;
}

}  // namespace axllama::text
