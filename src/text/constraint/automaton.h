#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "text/constraint/grammar.h"

namespace axllama::text {

/// A grammar as a pushdown automaton over bytes. A state reads a byte, goes on without one, calls a rule, or
/// repeats a body a counted number of times; the last two put frames on a stack. Every state leads to an end.
struct Automaton {
  using StateId = std::uint32_t;
  static constexpr std::uint32_t kNone = UINT32_MAX;

  enum class Kind : std::uint8_t {
    kBytes,    // reads a byte along one of its edges
    kSplit,    // goes on to each of its targets
    kCall,     // goes to `body`, and to `after` from where that ends
    kCounted,  // goes to `body` min to max times, then to `after`
    kEnd,      // ends what the frame on top of the stack began
  };

  struct Edge {
    std::uint8_t first;
    std::uint8_t last;
    StateId target;
  };

  struct State {
    Kind kind = Kind::kEnd;
    bool counted_run = false;  // of kBytes: see `run`
    std::uint32_t first = 0;   // of its edges or targets
    std::uint32_t count = 0;
    StateId body = kNone;
    StateId after = kNone;
    std::uint32_t min = 0;
    std::uint32_t max = 0;
    /// Of kBytes: the set whose characters lead back here, so that any text of them stays: as often as the
    /// frame on top still has rounds (counted_run) or for ever. kNone when there is none.
    std::uint32_t run = kNone;
    StateId run_exit = kNone;  // where the run ends when it is not counted
  };

  std::vector<State> states;
  std::vector<Edge> edges;
  std::vector<StateId> targets;
  std::vector<CharacterSet> runs;
  StateId start = 0;

  std::span<const Edge> edges_of(const State& state) const {
    return std::span(edges).subspan(state.first, state.count);
  }
  std::span<const StateId> targets_of(const State& state) const {
    return std::span(targets).subspan(state.first, state.count);
  }
};

/// The automaton of `root`. Throws Error (kInvalidArgument) when no text satisfies it, when a rule begins
/// with itself or is not defined, and when the automaton would be too large.
Automaton build_automaton(Grammar grammar, Grammar::Node root);

}  // namespace axllama::text
