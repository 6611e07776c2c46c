#include "compiler/sentencepiece_merges.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <unordered_set>

namespace axllama::compiler {
namespace {

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> sentencepiece_merges(const std::vector<std::string>& pieces,
                                                                      const std::vector<double>& scores) {
  const std::unordered_set<std::string_view> known(pieces.begin(), pieces.end());
  std::vector<std::size_t> order(pieces.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<std::pair<std::string, std::string>> merges;
  for (const std::size_t id : order) {
    const std::string_view piece = pieces[id];
    for (std::size_t cut = 1; cut < piece.size(); ++cut) {
      if (!begins_character(piece[cut])) continue;
      const std::string_view left = piece.substr(0, cut);
      const std::string_view right = piece.substr(cut);
      if (known.contains(left) && known.contains(right)) merges.emplace_back(left, right);
    }
  }
  return merges;
}

}  // namespace axllama::compiler
