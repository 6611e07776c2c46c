#include "text/constraint/grammar.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/constraint/limits.h"

namespace axllama::text {

Grammar::Grammar() {
  parts_.push_back({Kind::kChoice});
  parts_.push_back({Kind::kEmpty});
}

Grammar::Node Grammar::add(const Part& part) {
  if (parts_.size() + children_.size() + text_.size() / 4 >= kConstraintLimits.max_grammar_nodes) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "The constraint is too large: it has more than " +
                          std::to_string(kConstraintLimits.max_grammar_nodes) + " parts.");
  }
  parts_.push_back(part);
  return static_cast<Node>(parts_.size() - 1);
}

Grammar::Node Grammar::literal(std::string_view bytes) {
  if (bytes.empty()) return empty();
  const Part part{Kind::kLiteral, static_cast<std::uint32_t>(text_.size()),
                  static_cast<std::uint32_t>(bytes.size())};
  text_ += bytes;
  return add(part);
}

Grammar::Node Grammar::literals(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  // A group of neighbours that share the bytes before `depth`; its place among its parent's alternatives is
  // filled once its own are known.
  struct Group {
    std::size_t first, last, depth;
    std::size_t parent;
    Node prefix;
    std::vector<Node> alternatives;
  };
  if (texts.empty()) return never();
  std::vector<Group> groups{{0, texts.size(), 0, 0, empty(), {}}};
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const auto [first, last, depth, parent, prefix, unused] = groups[g];
    for (std::size_t i = first; i < last;) {
      if (texts[i].size() == depth) {
        groups[g].alternatives.push_back(empty());
        ++i;
        continue;
      }
      std::size_t end = i + 1;
      while (end < last && texts[end][depth] == texts[i][depth]) ++end;
      std::size_t common = end == i + 1 ? texts[i].size() : depth + 1;
      while (common < texts[i].size() && common < texts[end - 1].size() &&
             texts[i][common] == texts[end - 1][common]) {
        ++common;
      }
      groups.push_back(
          {i, end, common, g, literal(std::string_view(texts[i]).substr(depth, common - depth)), {}});
      i = end;
    }
  }
  for (std::size_t g = groups.size() - 1; g > 0; --g) {
    const Node rest = choice(groups[g].alternatives);
    groups[groups[g].parent].alternatives.push_back(sequence({groups[g].prefix, rest}));
  }
  return choice(groups[0].alternatives);
}

Grammar::Node Grammar::special(TokenId token) {
  return literal(special_token_bytes(token));
}

Grammar::Node Grammar::characters(const CharacterSet& set) {
  if (set.empty()) return never();
  const auto [found, added] = set_ids_.try_emplace(set, static_cast<std::uint32_t>(sets_.size()));
  if (added) sets_.push_back(&found->first);
  return add({Kind::kCharacters, found->second});
}

Grammar::Node Grammar::sequence(std::vector<Node> parts) {
  std::erase(parts, empty());
  if (parts.empty()) return empty();
  if (parts.size() == 1) return parts.front();
  if (std::find(parts.begin(), parts.end(), never()) != parts.end()) return never();
  const auto first = static_cast<std::uint32_t>(children_.size());
  children_.insert(children_.end(), parts.begin(), parts.end());
  return add({Kind::kSequence, first, static_cast<std::uint32_t>(parts.size())});
}

Grammar::Node Grammar::choice(std::vector<Node> alternatives) {
  std::erase(alternatives, never());
  if (alternatives.empty()) return never();
  if (alternatives.size() == 1) return alternatives.front();
  const auto first = static_cast<std::uint32_t>(children_.size());
  children_.insert(children_.end(), alternatives.begin(), alternatives.end());
  return add({Kind::kChoice, first, static_cast<std::uint32_t>(alternatives.size())});
}

Grammar::Node Grammar::repeat(Node body, std::uint32_t min, std::uint32_t max) {
  if (min > max) return never();
  if (max == 0 || body == empty()) return empty();
  if (min == 1 && max == 1) return body;
  if (body == never()) return min == 0 ? empty() : never();
  const auto place = static_cast<std::uint32_t>(children_.size());
  children_.push_back(body);
  return add({Kind::kRepeat, place, 1, min, max});
}

Grammar::Node Grammar::separated(Node body, Node separator, std::uint32_t min, std::uint32_t max) {
  if (min > max) return never();
  if (max == 0) return empty();
  const std::uint32_t more = max == kUnbounded ? kUnbounded : max - 1;
  const Node rest = repeat(sequence({separator, body}), min == 0 ? 0 : min - 1, more);
  const Node some = sequence({body, rest});
  return min == 0 ? optional(some) : some;
}

Grammar::Node Grammar::declare(std::string name) {
  names_.push_back(std::move(name));
  const auto place = static_cast<std::uint32_t>(children_.size());
  children_.push_back(kUndefined);
  return add({Kind::kRule, static_cast<std::uint32_t>(names_.size() - 1), place});
}

void Grammar::define(Node rule, Node body) {
  if (defined(rule)) {
    throw base::Error(base::ErrorCode::kInternal, "The rule " + name(parts_[rule]) + " is defined twice.");
  }
  children_[parts_[rule].count] = body;
}

bool Grammar::defined(Node rule) const {
  return children_[parts_[rule].count] != kUndefined;
}

std::string_view Grammar::bytes(const Part& literal) const {
  return std::string_view(text_).substr(literal.first, literal.count);
}

std::span<const Grammar::Node> Grammar::children(const Part& part) const {
  return std::span(children_).subspan(part.first, part.count);
}

std::span<const Grammar::Node> Grammar::operands(Node node) const {
  const Part& part = parts_[node];
  switch (part.kind) {
    case Kind::kEmpty:
    case Kind::kLiteral:
    case Kind::kCharacters:
      return {};
    case Kind::kRule:
      return std::span(children_).subspan(part.count, defined(node) ? 1 : 0);
    default:
      return children(part);
  }
}

void Grammar::replace_repeat(Node node, Node body, std::uint32_t min) {
  children_[parts_[node].first] = body;
  parts_[node].min = min;
}

std::string special_token_bytes(TokenId token) {
  std::string bytes = "\xFF";
  for (unsigned shift = 0; shift < 32; shift += 8) {
    bytes.push_back(static_cast<char>(static_cast<std::uint32_t>(token) >> shift & 0xFFU));
  }
  return bytes;
}

Grammar::Node add_text_until(Grammar& grammar, std::string_view ending) {
  if (ending.empty() || !base::is_valid_utf8(ending)) {
    throw base::Error(base::ErrorCode::kInternal, "A text must end in UTF-8 text that is not empty.");
  }
  std::u32string pattern;
  for (std::size_t at = 0; at < ending.size();) {
    const base::Utf8Character character = base::decode_utf8(ending, at);
    pattern.push_back(character.code_point);
    at += character.length;
  }
  // The automaton of Knuth, Morris and Pratt; state i has seen the first i characters of the ending.
  const auto next_state = [&](std::size_t state, char32_t character) {
    std::u32string seen = pattern.substr(0, state) + character;
    while (!pattern.starts_with(seen)) seen.erase(0, 1);
    return seen.size();
  };
  const CharacterSet distinct = [&] {
    CharacterSet set;
    for (const char32_t c : pattern) set.add(c);
    return set;
  }();
  std::vector<Grammar::Node> states(pattern.size());
  for (std::size_t i = 0; i < pattern.size(); ++i) states[i] = grammar.declare("text");
  const CharacterSet no_start = CharacterSet::all().without({{pattern[0], pattern[0]}});
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    std::vector<Grammar::Node> alternatives;
    CharacterSet other = i == 0 ? CharacterSet() : CharacterSet::all().without(distinct);
    for (const CharacterSet::Range& range : distinct.ranges()) {
      for (char32_t c = range.first; c <= range.last; ++c) {
        const std::size_t next = next_state(i, c);
        if (next == 0) {
          if (i != 0) other.add(c);
          continue;
        }
        const Grammar::Node one = grammar.characters({{c, c}});
        alternatives.push_back(next == pattern.size() ? one : grammar.sequence({one, states[next]}));
      }
    }
    if (!other.empty()) alternatives.push_back(grammar.sequence({grammar.characters(other), states[0]}));
    const Grammar::Node step = grammar.choice(std::move(alternatives));
    grammar.define(states[i],
                   i == 0 ? grammar.sequence({grammar.repeat(grammar.characters(no_start), 0), step}) : step);
  }
  return states[0];
}

}  // namespace axllama::text
