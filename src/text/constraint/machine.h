#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "text/constraint/automaton.h"

namespace axllama::text {

/// Runs an automaton in all ways at once, and remembers every configuration it has met and where each byte
/// led, so that the same step is not computed twice. One thread at a time.
class Machine {
 public:
  /// A set of items: the ways the bytes so far can be read.
  using Config = std::uint32_t;
  static constexpr Config kDead = 0;  // no way at all

  /// A stack is its top frame; frames link to those below and are shared. 0 is the empty stack.
  using Stack = std::uint32_t;
  struct Frame {
    Stack below;
    Automaton::StateId state;  // to go on with, or the counted repetition
    std::uint32_t rounds;      // that the repetition has done; kCall: it is none
    bool operator==(const Frame&) const = default;
  };
  static constexpr std::uint32_t kCall = UINT32_MAX;
  struct Item {
    Automaton::StateId state;  // one that reads bytes, or the end of everything
    Stack stack;
    auto operator<=>(const Item&) const = default;
  };

  /// `automaton` must outlive this.
  explicit Machine(const Automaton& automaton);

  Config start();
  /// kDead where the byte cannot follow, or where the configuration would have more items than allowed.
  Config step(Config config, std::uint8_t byte) {
    const std::uint32_t known = transitions_[config * classes_ + class_of_[byte]];
    return known != kUnknown ? known : compute_step(config, byte);
  }
  /// Whether the bytes so far are a complete text.
  bool accepting(Config config) const { return configs_[config].accepting; }
  std::span<const Item> items(Config config) const {
    return std::span(items_).subspan(configs_[config].first, configs_[config].count);
  }
  const Frame& frame(Stack stack) const { return frames_[stack]; }
  const Automaton& automaton() const { return automaton_; }

  /// The items that `state` on `stack` comes to without reading a byte; nothing where there are too many.
  std::optional<std::vector<Item>> closure(Automaton::StateId state, Stack stack);

  /// The same configuration in this machine.
  Config import(const Machine& other, Config config);

  /// About how much memory is in use.
  std::size_t bytes() const noexcept;

 private:
  static constexpr std::uint32_t kUnknown = UINT32_MAX;

  struct Configuration {
    std::uint32_t first = 0;  // in items_
    std::uint32_t count = 0;
    bool accepting = false;
  };

  struct FrameHash {
    std::size_t operator()(const Frame& frame) const noexcept;
  };

  Config compute_step(Config config, std::uint8_t byte);
  Stack push(const Frame& frame);
  /// Adds an item to be followed by close().
  void reach(Automaton::StateId state, Stack stack);
  /// Follows all steps that read nothing; false when there are too many.
  bool close();
  void follow(const Item& item);
  void end_round(Stack stack);
  Config intern();

  const Automaton& automaton_;
  std::array<std::uint8_t, 256> class_of_{};  // bytes that no edge tells apart share a class
  std::size_t classes_ = 0;
  std::vector<Frame> frames_;
  std::unordered_map<Frame, Stack, FrameHash> stacks_;
  std::vector<Configuration> configs_;
  std::vector<Item> items_;
  std::vector<std::uint32_t> transitions_;                // [configs, classes]
  std::unordered_multimap<std::uint64_t, Config> known_;  // by hash

  // Work space of a closure.
  std::vector<Item> reached_;                     // in order of discovery
  std::unordered_map<std::uint64_t, bool> seen_;  // when there are many
  std::vector<Item> result_;
  bool accepting_ = false;
};

}  // namespace axllama::text
