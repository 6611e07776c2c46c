#include "text/tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "text/unicode/character_class.h"

namespace axllama::text {
namespace {

/// A stretch of a piece and whether the pattern matched it. Stretches cover the piece.
struct Stretch {
  Span span;
  bool matched;
};

void append_piece(Span span, std::vector<Span>& pieces) {
  if (span.begin < span.end) pieces.push_back(span);
}

/// The stretches of `piece` around the ordered `matches` in it.
std::vector<Stretch> stretches_of(Span piece, const std::vector<Span>& matches, bool invert) {
  std::vector<Stretch> stretches;
  stretches.reserve(matches.size() * 2 + 1);
  std::size_t at = piece.begin;
  for (const Span& match : matches) {
    if (at != match.begin) stretches.push_back({{at, match.begin}, invert});
    stretches.push_back({match, !invert});
    at = match.end;
  }
  if (at != piece.end) stretches.push_back({{at, piece.end}, invert});
  return stretches;
}

void cut(const std::vector<Stretch>& stretches, SplitBehavior behavior, std::vector<Span>& pieces) {
  std::vector<Stretch> joined;
  bool previous_matched = false;
  switch (behavior) {
    case SplitBehavior::kRemoved:
      for (const Stretch& stretch : stretches) {
        if (!stretch.matched) append_piece(stretch.span, pieces);
      }
      return;
    case SplitBehavior::kIsolated:
      for (const Stretch& stretch : stretches) append_piece(stretch.span, pieces);
      return;
    case SplitBehavior::kContiguous:
      for (const Stretch& stretch : stretches) {
        if (!joined.empty() && joined.back().matched == stretch.matched) {
          joined.back().span.end = stretch.span.end;
        } else {
          joined.push_back(stretch);
        }
      }
      break;
    case SplitBehavior::kMergedWithPrevious:
      for (const Stretch& stretch : stretches) {
        if (stretch.matched && !previous_matched && !joined.empty()) {
          joined.back().span.end = stretch.span.end;
        } else {
          joined.push_back(stretch);
        }
        previous_matched = stretch.matched;
      }
      break;
    case SplitBehavior::kMergedWithNext:
      for (auto stretch = stretches.rbegin(); stretch != stretches.rend(); ++stretch) {
        if (stretch->matched && !previous_matched && !joined.empty()) {
          joined.back().span.begin = stretch->span.begin;
        } else {
          joined.push_back(*stretch);
        }
        previous_matched = stretch->matched;
      }
      std::reverse(joined.begin(), joined.end());
      break;
  }
  for (const Stretch& stretch : joined) append_piece(stretch.span, pieces);
}

/// Cuts each piece at the matches a finder appends for it.
template <typename Finder>
void split_pieces(PreTokens& tokens, SplitBehavior behavior, bool invert, const Finder& find) {
  std::vector<Span> pieces;
  pieces.reserve(tokens.pieces.size());
  std::vector<Span> matches;
  for (const Span& piece : tokens.pieces) {
    matches.clear();
    find(tokens.text, piece, matches);
    cut(stretches_of(piece, matches, invert), behavior, pieces);
  }
  tokens.pieces = std::move(pieces);
}

class ScanSplitter final : public PreTokenizer {
 public:
  explicit ScanSplitter(const ScanPattern& pattern) : pattern_(pattern) {}
  void apply(PreTokens& tokens) const override {
    std::vector<Span> pieces;
    pieces.reserve(tokens.text.size() / 4 + tokens.pieces.size());
    for (const Span& piece : tokens.pieces) scan(pattern_, tokens.text, piece, pieces);
    tokens.pieces = std::move(pieces);
  }

 private:
  ScanPattern pattern_;
};

class RegexSplitter final : public PreTokenizer {
 public:
  RegexSplitter(Regex regex, SplitBehavior behavior, bool invert)
      : regex_(std::move(regex)), behavior_(behavior), invert_(invert) {}
  void apply(PreTokens& tokens) const override {
    split_pieces(tokens, behavior_, invert_,
                 [this](std::string_view text, Span piece, std::vector<Span>& matches) {
                   regex_.find_all(text, piece, matches);
                 });
  }

 private:
  Regex regex_;
  SplitBehavior behavior_;
  bool invert_;
};

class StringSplitter final : public PreTokenizer {
 public:
  StringSplitter(std::string pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}
  void apply(PreTokens& tokens) const override {
    split_pieces(tokens, behavior_, invert_,
                 [this](std::string_view text, Span piece, std::vector<Span>& matches) {
                   const std::string_view part = text.substr(0, piece.end);
                   for (std::size_t at = part.find(pattern_, piece.begin); at != std::string_view::npos;
                        at = part.find(pattern_, at + pattern_.size())) {
                     matches.push_back({at, at + pattern_.size()});
                   }
                 });
  }

 private:
  std::string pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class DigitSplitter final : public PreTokenizer {
 public:
  explicit DigitSplitter(bool individual)
      : behavior_(individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous) {}
  void apply(PreTokens& tokens) const override {
    const CharacterClassTable classes = character_classes();
    split_pieces(tokens, behavior_, false,
                 [&](std::string_view text, Span piece, std::vector<Span>& matches) {
                   for (std::size_t at = piece.begin; at < piece.end;) {
                     const base::Utf8Character character = base::decode_utf8(text, at);
                     if ((classes[character.code_point] & kNumeric) != 0)
                       matches.push_back({at, at + character.length});
                     at += character.length;
                   }
                 });
  }

 private:
  SplitBehavior behavior_;
};

/// Copies piece by piece into a new text; what lies between the pieces is dropped.
template <typename Rewrite>
void rewrite_pieces(PreTokens& tokens, const Rewrite& rewrite) {
  std::string text;
  text.reserve(tokens.text.size() + tokens.pieces.size());
  for (std::size_t i = 0; i < tokens.pieces.size(); ++i) {
    Span& piece = tokens.pieces[i];
    const std::size_t begin = text.size();
    rewrite(std::string_view(tokens.text).substr(piece.begin, piece.end - piece.begin), i == 0, text);
    piece = {begin, text.size()};
  }
  tokens.text = std::move(text);
}

class PrefixSpace final : public PreTokenizer {
 public:
  void apply(PreTokens& tokens) const override {
    rewrite_pieces(tokens, [](std::string_view piece, bool /*first*/, std::string& out) {
      if (!piece.starts_with(' ')) out.push_back(' ');
      out.append(piece);
    });
  }
};

class Metaspace final : public PreTokenizer {
 public:
  Metaspace(std::string replacement, PrependScheme scheme, bool split)
      : replacement_(std::move(replacement)),
        scheme_(scheme),
        splitter_(replacement_, kBehavior, false),
        split_(split) {}
  void apply(PreTokens& tokens) const override {
    rewrite_pieces(tokens, [&](std::string_view piece, bool first, std::string& out) {
      const bool wanted =
          scheme_ == PrependScheme::kAlways || (scheme_ == PrependScheme::kFirst && first && tokens.at_start);
      if (wanted && !piece.starts_with(' ') && !piece.starts_with(replacement_)) out += replacement_;
      for (const char byte : piece) {
        if (byte == ' ') {
          out += replacement_;
        } else {
          out.push_back(byte);
        }
      }
    });
    if (split_) splitter_.apply(tokens);
  }

 private:
  static constexpr SplitBehavior kBehavior = SplitBehavior::kMergedWithNext;

  std::string replacement_;
  PrependScheme scheme_;
  StringSplitter splitter_;
  bool split_;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_scan_splitter(const ScanPattern& pattern) {
  return std::make_unique<ScanSplitter>(pattern);
}

std::unique_ptr<PreTokenizer> make_regex_splitter(Regex regex, SplitBehavior behavior, bool invert) {
  return std::make_unique<RegexSplitter>(std::move(regex), behavior, invert);
}

std::unique_ptr<PreTokenizer> make_string_splitter(std::string pattern, SplitBehavior behavior, bool invert) {
  return std::make_unique<StringSplitter>(std::move(pattern), behavior, invert);
}

std::unique_ptr<PreTokenizer> make_digit_splitter(bool individual) {
  return std::make_unique<DigitSplitter>(individual);
}

std::unique_ptr<PreTokenizer> make_prefix_space() {
  return std::make_unique<PrefixSpace>();
}

std::unique_ptr<PreTokenizer> make_metaspace(std::string replacement, PrependScheme scheme, bool split) {
  return std::make_unique<Metaspace>(std::move(replacement), scheme, split);
}

}  // namespace axllama::text
