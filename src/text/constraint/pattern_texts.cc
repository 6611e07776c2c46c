#include "text/constraint/pattern_texts.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "text/constraint/regex_grammar.h"

namespace axllama::text {
namespace {

/// Parts come before those made of them.
PatternTexts::Lengths lengths_of(const Grammar& grammar, Grammar::Node node) {
  constexpr std::uint64_t kMost = Grammar::kUnbounded;
  std::vector<PatternTexts::Lengths> lengths(grammar.size());
  for (Grammar::Node i = 0; i <= node; ++i) {
    const Grammar::Part& part = grammar.part(i);
    const auto operands = grammar.operands(i);
    PatternTexts::Lengths& mine = lengths[i];
    switch (part.kind) {
      case Grammar::Kind::kCharacters:
        mine = {1, 1};
        break;
      case Grammar::Kind::kSequence:
        for (const Grammar::Node operand : operands) {
          mine.min = std::min(mine.min + lengths[operand].min, kMost);
          mine.max = std::min(mine.max + lengths[operand].max, kMost);
        }
        break;
      case Grammar::Kind::kChoice:
        mine.min = operands.empty() ? 0 : kMost;
        for (const Grammar::Node operand : operands) {
          mine.min = std::min(mine.min, lengths[operand].min);
          mine.max = std::max(mine.max, lengths[operand].max);
        }
        break;
      case Grammar::Kind::kRepeat: {
        const PatternTexts::Lengths& body = lengths[operands[0]];
        mine.min = std::min(body.min * part.min, kMost);
        mine.max = body.max == 0                     ? 0
                   : part.max == Grammar::kUnbounded ? kMost
                                                     : std::min(body.max * part.max, kMost);
        break;
      }
      default:
        break;
    }
  }
  return lengths[node];
}

/// Which places of a text a part can lead to.
class PatternWalk {
 public:
  using Places = std::vector<bool>;  // [characters + 1]

  PatternWalk(const Grammar& grammar, std::string_view text) : grammar_(grammar) {
    for (std::size_t at = 0; at < text.size();) {
      const base::Utf8Character character = base::decode_utf8(text, at);
      characters_.push_back(character.code_point);
      at += character.length;
    }
  }

  /// Nothing where it would take more than kMostSteps.
  std::optional<bool> reaches_the_end(Grammar::Node root) {
    Places start(characters_.size() + 1);
    start[0] = true;
    const Places ends = after(root, start);
    if (steps_ > kMostSteps) return std::nullopt;
    return ends.back();
  }

 private:
  static constexpr std::size_t kMostSteps = 20'000;

  static bool any(const Places& places) {
    return std::find(places.begin(), places.end(), true) != places.end();
  }
  static void add(Places& to, const Places& places) {
    for (std::size_t i = 0; i < places.size(); ++i) to[i] = to[i] || places[i];
  }

  Places after(Grammar::Node node, const Places& from) {
    Places to(from.size());
    steps_ += from.size();
    if (steps_ > kMostSteps || !any(from)) return to;
    const Grammar::Part& part = grammar_.part(node);
    switch (part.kind) {
      case Grammar::Kind::kCharacters:
        for (std::size_t i = 0; i < characters_.size(); ++i) {
          to[i + 1] = from[i] && grammar_.set(part).contains(characters_[i]);
        }
        break;
      case Grammar::Kind::kSequence:
        to = from;
        for (const Grammar::Node operand : grammar_.operands(node)) to = after(operand, to);
        break;
      case Grammar::Kind::kChoice:
        for (const Grammar::Node operand : grammar_.operands(node)) add(to, after(operand, from));
        break;
      case Grammar::Kind::kRepeat:
        to = after_repeat(grammar_.operands(node)[0], part.min, part.max, from);
        break;
      case Grammar::Kind::kEmpty:
        to = from;
        break;
      default:  // patterns have no literals and no rules
        steps_ = kMostSteps + 1;
        break;
    }
    return to;
  }

  /// Ends however large the counts are: places run out, or stay the same once the body may be empty.
  Places after_repeat(Grammar::Node body, std::uint32_t min, std::uint32_t max, const Places& from) {
    Places to(from.size());
    Places here = from;
    if (min == 0) to = here;
    for (std::uint32_t count = 1; count <= max && any(here) && steps_ <= kMostSteps; ++count) {
      Places next = after(body, here);
      const bool same = next == here;
      here = std::move(next);
      if (count >= min || same) {
        const Places known = to;
        add(to, here);
        if (to == known || same) break;
      }
    }
    return to;
  }

  const Grammar& grammar_;
  std::u32string characters_;
  std::size_t steps_ = 0;
};

}  // namespace

PatternTexts::PatternTexts(std::string_view pattern, bool whole) {
  const Grammar::Node around = grammar_.repeat(grammar_.characters(CharacterSet::all()), 0);
  RegexOptions options;
  if (!whole) options.around = &around;
  root_ = add_regex(grammar_, pattern, options);
  lengths_ = lengths_of(grammar_, root_);
}

std::optional<PatternTexts::Run> PatternTexts::run() const {
  const Grammar::Part& part = grammar_.part(root_);
  if (part.kind != Grammar::Kind::kRepeat) return std::nullopt;
  const Grammar::Part& body = grammar_.part(grammar_.operands(root_)[0]);
  if (body.kind != Grammar::Kind::kCharacters) return std::nullopt;
  return Run{&grammar_.set(body), part.min, part.max};
}

std::optional<bool> PatternTexts::contains(std::string_view text) const {
  return PatternWalk(grammar_, text).reaches_the_end(root_);
}

}  // namespace axllama::text
