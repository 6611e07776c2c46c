#include "text/constraint/grammar_analysis.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace axllama::text {
namespace {

using Kind = Grammar::Kind;
using Node = Grammar::Node;

/// Lists that lie one after the other: those who refer to each node.
class Users {
 public:
  explicit Users(const Grammar& grammar) : begin_(grammar.size() + 1, 0) {
    for (Node node = 0; node < grammar.size(); ++node) {
      for (const Node operand : grammar.operands(node)) ++begin_[operand + 1];
    }
    for (std::size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];
    users_.resize(begin_.back());
    std::vector<std::uint32_t> next(begin_.begin(), begin_.end() - 1);
    for (Node node = 0; node < grammar.size(); ++node) {
      for (const Node operand : grammar.operands(node)) users_[next[operand]++] = node;
    }
  }
  std::span<const Node> of(Node node) const {
    return std::span(users_).subspan(begin_[node], begin_[node + 1] - begin_[node]);
  }

 private:
  std::vector<std::uint32_t> begin_;
  std::vector<Node> users_;
};

/// The least solution of: a leaf as given; a sequence when all of its parts are; a choice, a rule or a
/// repetition when one of its parts is; a repetition that may be left out always.
template <typename Leaf>
std::vector<bool> least_solution(const Grammar& grammar, Leaf leaf) {
  const Users users(grammar);
  std::vector<bool> holds(grammar.size(), false);
  std::vector<std::uint32_t> missing(grammar.size(), 1);
  std::vector<Node> work;
  const auto set = [&](Node node) {
    if (holds[node]) return;
    holds[node] = true;
    work.push_back(node);
  };
  for (Node node = 0; node < grammar.size(); ++node) {
    const Grammar::Part& part = grammar.part(node);
    if (part.kind == Kind::kSequence) missing[node] = part.count;
    const bool is_leaf =
        part.kind == Kind::kEmpty || part.kind == Kind::kLiteral || part.kind == Kind::kCharacters;
    if (is_leaf ? leaf(part) : part.kind == Kind::kRepeat && part.min == 0) set(node);
  }
  while (!work.empty()) {
    const Node node = work.back();
    work.pop_back();
    for (const Node user : users.of(node)) {
      if (--missing[user] == 0 || grammar.part(user).kind != Kind::kSequence) set(user);
    }
  }
  return holds;
}

/// Makes parts that mean what others mean, but for the text of no bytes.
class NonemptyForms {
 public:
  NonemptyForms(Grammar& grammar, const std::vector<bool>& nullable)
      : grammar_(grammar), nullable_(nullable) {}

  Node of(Node node) {
    if (node >= nullable_.size() || !nullable_[node]) return node;
    const auto known = forms_.find(node);
    if (known != forms_.end()) return known->second;
    const Grammar::Part part = grammar_.part(node);
    const auto operands = grammar_.operands(node);
    const std::vector<Node> children(operands.begin(), operands.end());
    switch (part.kind) {
      case Kind::kRule: {
        const Node rule = grammar_.declare(grammar_.name(part));
        forms_[node] = rule;
        grammar_.define(rule, of(children[0]));
        return rule;
      }
      case Kind::kRepeat:
        return forms_[node] = grammar_.repeat(of(children[0]), 1, part.max);
      case Kind::kChoice: {
        std::vector<Node> alternatives;
        for (const Node child : children) alternatives.push_back(of(child));
        return forms_[node] = grammar_.choice(std::move(alternatives));
      }
      case Kind::kSequence: {
        // The first part that is not empty is one of them; those before it are left out.
        Node form = grammar_.never();
        for (std::size_t i = children.size(); i-- > 0;) {
          std::vector<Node> rest{of(children[i])};
          rest.insert(rest.end(), children.begin() + static_cast<std::ptrdiff_t>(i) + 1, children.end());
          form = grammar_.choice({form, grammar_.sequence(std::move(rest))});
        }
        return forms_[node] = form;
      }
      default:
        return grammar_.never();
    }
  }

 private:
  Grammar& grammar_;
  const std::vector<bool>& nullable_;
  std::map<Node, Node> forms_;
};

}  // namespace

std::vector<bool> nullable_parts(const Grammar& grammar) {
  return least_solution(grammar, [](const Grammar::Part& part) { return part.kind == Kind::kEmpty; });
}

std::vector<bool> productive_parts(const Grammar& grammar) {
  return least_solution(grammar, [](const Grammar::Part&) { return true; });
}

std::optional<Node> left_recursive_rule(const Grammar& grammar, const std::vector<bool>& nullable,
                                        const std::vector<bool>& productive) {
  enum : std::uint8_t { kNew, kOpen, kDone };
  std::vector<std::uint8_t> state(grammar.size(), kNew);
  // The operands that may begin a part: all of them, but in a sequence only up to the first that is not
  // empty.
  const auto beginning = [&](Node node, std::size_t index) -> std::optional<Node> {
    const auto operands = grammar.operands(node);
    if (index >= operands.size() || !productive[node]) return std::nullopt;
    if (grammar.part(node).kind == Kind::kSequence && index > 0 && !nullable[operands[index - 1]]) {
      return std::nullopt;
    }
    return operands[index];
  };
  std::vector<std::pair<Node, std::size_t>> path;
  for (Node root = 0; root < grammar.size(); ++root) {
    if (state[root] != kNew) continue;
    path.assign(1, {root, 0});
    state[root] = kOpen;
    while (!path.empty()) {
      const Node node = path.back().first;
      const auto next = beginning(node, path.back().second++);
      if (!next) {
        state[node] = kDone;
        path.pop_back();
      } else if (state[*next] == kOpen && productive[*next]) {
        // Every circle goes through a rule.
        for (std::size_t i = path.size(); i-- > 0;) {
          if (grammar.part(path[i].first).kind == Kind::kRule) return path[i].first;
        }
      } else if (state[*next] == kNew) {
        state[*next] = kOpen;
        path.push_back({*next, 0});
      }
    }
  }
  return std::nullopt;
}

void remove_empty_rounds(Grammar& grammar) {
  const std::vector<bool> nullable = nullable_parts(grammar);
  NonemptyForms forms(grammar, nullable);
  const auto count = static_cast<Node>(nullable.size());
  for (Node node = 0; node < count; ++node) {
    const Grammar::Part part = grammar.part(node);
    if (part.kind != Kind::kRepeat) continue;
    const Node body = grammar.operands(node)[0];
    if (nullable[body]) grammar.replace_repeat(node, forms.of(body), 0);
  }
}

}  // namespace axllama::text
