#include "text/constraint/automaton.h"

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "text/constraint/grammar_analysis.h"
#include "text/constraint/limits.h"

namespace axllama::text {
namespace {

using Kind = Grammar::Kind;
using Node = Grammar::Node;
using StateId = Automaton::StateId;

[[noreturn]] void refuse(const std::string& message) {
  throw base::Error(base::ErrorCode::kInvalidArgument, message);
}

/// Builds states from the end of a text to its beginning: each part is given the state that follows it, and
/// returns the state it begins with.
class Builder {
 public:
  Builder(const Grammar& grammar, const std::vector<bool>& productive)
      : grammar_(grammar), productive_(productive) {
    end_ = add({});
  }

  Automaton build(Node root) {
    automaton_.start = rule_start(root);
    for (std::size_t i = 0; i < pending_.size(); ++i) {  // grows meanwhile
      const auto [node, state] = pending_[i];
      set_split(state, {lower(node, end_)});
    }
    return std::move(automaton_);
  }

 private:
  StateId add(const Automaton::State& state) {
    if (automaton_.states.size() >= kConstraintLimits.max_states) {
      refuse("The constraint is too large: it needs more than " +
             std::to_string(kConstraintLimits.max_states) + " states.");
    }
    automaton_.states.push_back(state);
    return static_cast<StateId>(automaton_.states.size() - 1);
  }

  StateId add_bytes(std::span<const Automaton::Edge> edges) {
    Automaton::State state;
    state.kind = Automaton::Kind::kBytes;
    state.first = static_cast<std::uint32_t>(automaton_.edges.size());
    state.count = static_cast<std::uint32_t>(edges.size());
    automaton_.edges.insert(automaton_.edges.end(), edges.begin(), edges.end());
    return add(state);
  }

  StateId add_split() {
    Automaton::State state;
    state.kind = Automaton::Kind::kSplit;
    return add(state);
  }

  void set_split(StateId split, std::span<const StateId> targets) {
    automaton_.states[split].first = static_cast<std::uint32_t>(automaton_.targets.size());
    automaton_.states[split].count = static_cast<std::uint32_t>(targets.size());
    automaton_.targets.insert(automaton_.targets.end(), targets.begin(), targets.end());
  }
  void set_split(StateId split, std::initializer_list<StateId> targets) {
    set_split(split, std::span(targets.begin(), targets.size()));
  }

  /// Where the text of `node` begins when it is called; lowered later, so that rules may call each other.
  StateId rule_start(Node node) {
    const auto known = starts_.find(node);
    if (known != starts_.end()) return known->second;
    const StateId start = add_split();
    starts_.emplace(node, start);
    Node body = node;
    if (grammar_.part(node).kind == Kind::kRule) body = grammar_.operands(node)[0];
    pending_.emplace_back(body, start);
    return start;
  }

  StateId lower(Node node, StateId next) {
    const Grammar::Part& part = grammar_.part(node);
    switch (part.kind) {
      case Kind::kEmpty:
        return next;
      case Kind::kLiteral:
        return lower_literal(grammar_.bytes(part), next);
      case Kind::kCharacters:
        return lower_characters(grammar_.set(part), next);
      case Kind::kSequence: {
        const auto children = grammar_.children(part);
        for (std::size_t i = children.size(); i-- > 0;) next = lower(children[i], next);
        return next;
      }
      case Kind::kChoice:
        return lower_choice(part, next);
      case Kind::kRepeat:
        return lower_repeat(part, next);
      case Kind::kRule: {
        Automaton::State call;
        call.kind = Automaton::Kind::kCall;
        call.body = rule_start(node);
        call.after = next;
        return add(call);
      }
    }
    return next;
  }

  StateId lower_literal(std::string_view bytes, StateId next) {
    for (std::size_t i = bytes.size(); i-- > 0;) {
      const auto byte = static_cast<std::uint8_t>(bytes[i]);
      const Automaton::Edge edge{byte, byte, next};
      next = add_bytes({&edge, 1});
    }
    return next;
  }

  StateId lower_characters(const CharacterSet& set, StateId next) {
    // States for the bytes after the first are shared between sequences that end alike.
    std::map<std::tuple<std::uint8_t, std::uint8_t, StateId>, StateId> shared;
    std::vector<Automaton::Edge> edges;
    for (const Utf8Sequence& sequence : utf8_sequences(set)) {
      StateId target = next;
      for (std::size_t i = sequence.length; i-- > 1;) {
        const auto [first, last] = sequence.bytes[i];
        const auto [found, added] = shared.try_emplace({first, last, target}, 0);
        if (added) {
          const Automaton::Edge edge{first, last, target};
          found->second = add_bytes({&edge, 1});
        }
        target = found->second;
      }
      edges.push_back({sequence.bytes[0].first, sequence.bytes[0].last, target});
    }
    return add_bytes(edges);
  }

  StateId lower_choice(const Grammar::Part& part, StateId next) {
    std::vector<StateId> targets;
    for (const Node child : grammar_.children(part)) {
      if (productive_[child]) targets.push_back(lower(child, next));
    }
    const StateId split = add_split();
    set_split(split, targets);
    return split;
  }

  /// A body that is read again and again, from where it can also be left.
  StateId lower_repeat(const Grammar::Part& part, StateId next) {
    const Node body = grammar_.children(part)[0];
    if (!productive_[body]) return next;  // it may be left out, or this would not be productive
    if (part.max == 1) {
      const StateId split = add_split();
      set_split(split, {lower(body, next), next});
      return split;
    }
    if (part.min <= 1 && part.max == Grammar::kUnbounded) {
      const StateId loop = add_split();
      const StateId start = lower(body, loop);
      set_split(loop, {start, next});
      mark_run(body, start, false, next);
      return part.min == 0 ? loop : start;
    }
    Automaton::State counted;
    counted.kind = Automaton::Kind::kCounted;
    counted.body = lower(body, end_);
    counted.after = next;
    counted.min = part.min;
    counted.max = part.max;
    mark_run(body, counted.body, true, next);
    return add(counted);
  }

  /// Notes that the characters of a set lead from `start`, the beginning of `body`, back to it.
  void mark_run(Node body, StateId start, bool counted, StateId exit) {
    const Grammar::Part& part = grammar_.part(body);
    Node characters = body;
    StateId state = start;
    if (part.kind == Kind::kChoice) {
      std::size_t target = 0;
      for (const Node child : grammar_.children(part)) {
        if (!productive_[child]) continue;
        characters = child;
        state = automaton_.targets[automaton_.states[start].first + target++];
        if (grammar_.part(child).kind == Kind::kCharacters) break;
      }
    }
    if (grammar_.part(characters).kind != Kind::kCharacters) return;
    const CharacterSet& set = grammar_.set(grammar_.part(characters));
    const auto [run, added] = runs_.try_emplace(set, static_cast<std::uint32_t>(automaton_.runs.size()));
    if (added) automaton_.runs.push_back(set);
    automaton_.states[state].run = run->second;
    automaton_.states[state].counted_run = counted;
    automaton_.states[state].run_exit = exit;
  }

  const Grammar& grammar_;
  const std::vector<bool>& productive_;
  Automaton automaton_;
  StateId end_ = 0;
  std::map<Node, StateId> starts_;
  std::vector<std::pair<Node, StateId>> pending_;
  std::map<CharacterSet, std::uint32_t> runs_;
};

}  // namespace

Automaton build_automaton(Grammar grammar, Node root) {
  for (Node node = 0; node < grammar.size(); ++node) {
    if (grammar.part(node).kind == Kind::kRule && !grammar.defined(node)) {
      refuse("The rule '" + grammar.name(grammar.part(node)) + "' is used but not defined.");
    }
  }
  remove_empty_rounds(grammar);
  const std::vector<bool> nullable = nullable_parts(grammar);
  const std::vector<bool> productive = productive_parts(grammar);
  if (!productive[root]) refuse("The constraint allows no text at all.");
  if (const auto rule = left_recursive_rule(grammar, nullable, productive)) {
    refuse("The rule '" + grammar.name(grammar.part(*rule)) +
           "' can begin with itself (left recursion), which is not supported.");
  }
  return Builder(grammar, productive).build(root);
}

}  // namespace axllama::text
