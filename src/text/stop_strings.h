#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::text {

/// Finds the first stop string in a text that arrives in parts, and holds back text that may turn out to be
/// the beginning of one. The match that ends first wins; of those that end together, the longest. The answer
/// does not depend on how the text was cut into parts. Time is linear in the text (Aho-Corasick automaton
/// over bytes). Used by one thread at a time.
class StopMatcher {
 public:
  /// `stops` are UTF-8; empty ones are ignored. With none, everything passes straight through.
  explicit StopMatcher(const std::vector<std::string>& stops = {});

  /// Takes the next part of the text and returns what can be shown for certain. Once stopped() it returns ""
  /// always. With valid UTF-8 in, each result is valid UTF-8.
  std::string push(std::string_view text);

  /// The text held back, when the generation ended without a stop string; "" once stopped().
  std::string flush();

  bool stopped() const noexcept { return match_ != kNone; }

  /// The stop string that was found, "" while there is none. It is not part of the text returned.
  std::string_view matched() const noexcept;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// A beginning of one or more stops.
  struct Node {
    std::uint32_t first_child = kNone;
    std::uint32_t sibling = kNone;  // next child of the same parent
    std::uint32_t suffix = 0;       // longest proper suffix that is a node as well
    std::uint32_t depth = 0;        // length
    std::uint32_t match = kNone;    // longest stop that this text ends with
    std::uint8_t byte = 0;          // the last one
  };

  void add(std::string_view stop, std::uint32_t index);
  void link();
  std::uint32_t child(std::uint32_t node, std::uint8_t byte) const noexcept;
  std::uint32_t step(std::uint32_t node, std::uint8_t byte) const noexcept;

  std::vector<std::string> stops_;
  std::vector<Node> nodes_;
  std::string held_;  // always the last nodes_[state_].depth bytes of the text
  std::uint32_t state_ = 0;
  std::uint32_t match_ = kNone;
};

}  // namespace axllama::text
