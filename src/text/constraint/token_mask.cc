#include "text/constraint/token_mask.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

using Config = Machine::Config;
using Item = Machine::Item;

/// A run of characters that a configuration stands in: any token of at most `characters` of them stays in it.
struct Run {
  std::shared_ptr<const TokenSlice> slice;
  std::size_t characters = 0;
};

bool begins_with(const Automaton& automaton, const Item& item, const std::bitset<256>& bytes) {
  const auto edges = automaton.edges_of(automaton.states[item.state]);
  return std::any_of(edges.begin(), edges.end(), [&](const Automaton::Edge& edge) {
    for (unsigned byte = edge.first; byte <= edge.last; ++byte) {
      if (bytes[byte]) return true;
    }
    return false;
  });
}

class MaskWalk {
 public:
  MaskWalk(Machine& machine, Config start, const TokenVocabulary& vocabulary)
      : machine_(machine), start_(start), vocabulary_(vocabulary) {}

  TokenMask run() {
    if (const std::optional<Run> run = find_run()) {
      mask_.base = run->slice->within(run->characters, mask_.more);
      mask_.empty = run->characters == 0 || run->slice->longest() == 0;
      walk_others(*run->slice);
    } else {
      walk(vocabulary_.trie(), start_);
    }
    if (machine_.accepting(start_)) {
      mask_.more.insert(mask_.more.end(), vocabulary_.ends().begin(), vocabulary_.ends().end());
    }
    mask_.empty = mask_.empty && mask_.more.empty();
    if (!mask_.base && mask_.more.size() > vocabulary_.words()) {
      auto bits = std::make_shared<TokenBits>(vocabulary_.words(), 0);
      for (const TokenId token : mask_.more) add_token(*bits, token);
      mask_.base = std::move(bits);
      mask_.shares_base = false;
      mask_.more.clear();
    }
    mask_.more.shrink_to_fit();
    return std::move(mask_);
  }

 private:
  /// The run of the configuration, if apart from it no item, now or after the run, can read one of its
  /// characters: then a token of them is allowed just when the run is long enough for it.
  std::optional<Run> find_run() {
    const Automaton& automaton = machine_.automaton();
    const std::vector<Item> items(machine_.items(start_).begin(), machine_.items(start_).end());
    const auto run_of = [&](const Item& item) { return automaton.states[item.state].run; };
    const auto first = std::find_if(items.begin(), items.end(),
                                    [&](const Item& item) { return run_of(item) != Automaton::kNone; });
    if (first == items.end()) return std::nullopt;
    Run run{vocabulary_.slice(automaton.runs[run_of(*first)]), 0};
    if (!run.slice) return std::nullopt;
    const std::bitset<256>& first_bytes = run.slice->first_bytes();
    for (const Item& item : items) {
      const Automaton::State& state = automaton.states[item.state];
      if (state.run != run_of(*first)) {
        if (begins_with(automaton, item, first_bytes)) return std::nullopt;
        continue;
      }
      Machine::Stack stack = item.stack;
      std::size_t characters = SIZE_MAX;
      if (state.counted_run) {
        const Machine::Frame& frame = machine_.frame(stack);
        const std::uint32_t max = automaton.states[frame.state].max;
        if (max != Grammar::kUnbounded) characters = max - frame.rounds;
        stack = frame.below;
      }
      run.characters = std::max(run.characters, characters);
      const auto exits = machine_.closure(state.run_exit, stack);
      if (!exits || std::any_of(exits->begin(), exits->end(), [&](const Item& exit) {
            return begins_with(automaton, exit, first_bytes);
          })) {
        return std::nullopt;
      }
    }
    return run;
  }

  /// Tokens that leave the run: after so many of its characters, whichever, the rest must follow.
  void walk_others(const TokenSlice& slice) {
    Config config = start_;
    for (const TokenTrie& rests : slice.others()) {
      if (config == Machine::kDead || exhausted_) return;
      walk(rests, config);
      for (const char byte : slice.example()) config = machine_.step(config, static_cast<std::uint8_t>(byte));
    }
  }

  void walk(const TokenTrie& trie, Config start) {
    std::vector<Config> path(trie.depth() + 1);
    path[0] = start;
    const auto nodes = trie.nodes();
    for (std::size_t i = 0; i < nodes.size();) {
      const TokenTrie::Node& node = nodes[i];
      const Config from = path[node.depth - 1U];
      work_ += machine_.items(from).size();
      const Config to = machine_.step(from, node.byte);
      if (to == Machine::kDead) {
        i = node.end;
        continue;
      }
      path[node.depth] = to;
      allow(trie.tokens_of(node));
      ++i;
      if (work_ > kConstraintLimits.max_mask_work ||
          machine_.bytes() > 2 * kConstraintLimits.max_machine_bytes) {
        exhausted_ = true;
        walk_single_bytes(trie, start, i);
        return;
      }
    }
  }

  /// What is left of a walk that became too expensive: tokens of one byte, so that there is a way on.
  void walk_single_bytes(const TokenTrie& trie, Config start, std::size_t from) {
    const auto nodes = trie.nodes();
    for (std::size_t i = 0; i < nodes.size(); i = nodes[i].end) {
      if (i < from || nodes[i].tokens == 0 || machine_.step(start, nodes[i].byte) == Machine::kDead) continue;
      allow(trie.tokens_of(nodes[i]));
    }
  }

  void allow(std::span<const TokenId> tokens) {
    mask_.more.insert(mask_.more.end(), tokens.begin(), tokens.end());
  }

  Machine& machine_;
  Config start_;
  const TokenVocabulary& vocabulary_;
  TokenMask mask_;
  std::uint64_t work_ = 0;
  bool exhausted_ = false;
};

}  // namespace

void TokenMask::write(TokenBits& bits) const {
  if (base) {
    std::copy(base->begin(), base->end(), bits.begin());
  } else {
    std::fill(bits.begin(), bits.end(), 0);
  }
  for (const TokenId token : more) add_token(bits, token);
}

TokenMask compute_mask(Machine& machine, Config config, const TokenVocabulary& vocabulary) {
  return MaskWalk(machine, config, vocabulary).run();
}

}  // namespace axllama::text
