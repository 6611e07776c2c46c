#include "text/stop_strings.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace axllama::text {
namespace {

struct Outcome {
  std::string text;
  std::string stop;
  bool operator==(const Outcome&) const = default;
};

/// What the contract says, found by trying every end position and every stop.
Outcome expected(const std::vector<std::string>& stops, const std::string& text) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    const std::string* best = nullptr;
    for (const std::string& stop : stops) {
      const bool here = !stop.empty() && std::string_view(text).substr(0, end).ends_with(stop);
      if (here && (best == nullptr || stop.size() > best->size())) best = &stop;
    }
    if (best != nullptr) return {text.substr(0, end - best->size()), *best};
  }
  return {text, ""};
}

Outcome run(StopMatcher& matcher, const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += matcher.push(part);
  if (!matcher.stopped()) text += matcher.flush();
  return {text, std::string(matcher.matched())};
}

TEST(StopMatcher, PassesEverythingWithoutStops) {
  for (const std::vector<std::string>& stops : {std::vector<std::string>{}, {"", ""}}) {
    StopMatcher matcher(stops);
    EXPECT_EQ(matcher.push("some "), "some ");
    EXPECT_EQ(matcher.push("text"), "text");
    EXPECT_EQ(matcher.flush(), "");
    EXPECT_FALSE(matcher.stopped());
  }
}

TEST(StopMatcher, HoldsBackTheBeginningOfAStop) {
  StopMatcher matcher({"\nUser:"});
  EXPECT_EQ(matcher.push("Hello\nUs"), "Hello");
  EXPECT_EQ(matcher.push("e"), "");
  EXPECT_EQ(matcher.push("d\nUser"), "\nUsed");
  EXPECT_EQ(matcher.push(": hi"), "");
  EXPECT_TRUE(matcher.stopped());
  EXPECT_EQ(matcher.matched(), "\nUser:");
  EXPECT_EQ(matcher.push("more"), "");
  EXPECT_EQ(matcher.flush(), "");
}

TEST(StopMatcher, FlushGivesWhatWasHeldBack) {
  StopMatcher matcher({"<|im_end|>"});
  EXPECT_EQ(matcher.push("a <|im_"), "a ");
  EXPECT_EQ(matcher.flush(), "<|im_");
  EXPECT_EQ(matcher.flush(), "");
  EXPECT_FALSE(matcher.stopped());
}

TEST(StopMatcher, FirstEndWinsThenTheLongest) {
  StopMatcher inner({"abcd", "bc"});
  EXPECT_EQ(run(inner, {"xabcd"}), (Outcome{"xa", "bc"}));
  StopMatcher longest({"c", "bc", "abc"});
  EXPECT_EQ(run(longest, {"xab", "c"}), (Outcome{"x", "abc"}));
}

TEST(StopMatcher, KeepsCharactersWhole) {
  StopMatcher matcher({"\u00E9!"});
  std::string seen;
  for (const char* part : {"caf", "\u00E9", "\u00E8", "\u00E9", "!"}) {
    const std::string out = matcher.push(part);
    EXPECT_TRUE(base::is_valid_utf8(out));
    seen += out;
  }
  EXPECT_EQ(seen, "caf\u00E9\u00E8");
  EXPECT_TRUE(matcher.stopped());
}

TEST(StopMatcher, AgreesWithTryingEverythingHoweverTheTextIsCut) {
  std::mt19937 random(11);
  const auto below = [&](int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(random); };
  const auto word = [&](int longest) {
    std::string text;
    for (int i = below(longest + 1); i > 0; --i) text.push_back(static_cast<char>('a' + below(2)));
    return text;
  };
  int stopped = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::string> stops;
    for (int i = below(4); i > 0; --i) stops.push_back(word(6));
    const std::string text = word(30);
    StopMatcher matcher(stops);
    std::vector<std::string> parts;
    for (std::size_t at = 0; at < text.size();) {
      const auto length = static_cast<std::size_t>(below(5));
      parts.push_back(text.substr(at, length));
      at += parts.back().size();
    }
    const Outcome want = expected(stops, text);
    stopped += want.stop.empty() ? 0 : 1;
    ASSERT_EQ(run(matcher, parts), want) << text;
  }
  EXPECT_GT(stopped, 5000);
  EXPECT_LT(stopped, 19000);
}

TEST(StopMatcher, LongStopsTakeLinearTimeAndMemory) {
  constexpr std::size_t kLength = 1'000'000;
  StopMatcher matcher({std::string(kLength, 'a') + "b", std::string(kLength, 'a') + "c"});
  const std::string text = std::string(kLength - 1, 'a') + "d" + std::string(kLength + 5, 'a');
  const Outcome outcome = run(matcher, {text, "c and more"});
  EXPECT_EQ(outcome.text, text.substr(0, kLength + 5));
  EXPECT_TRUE(matcher.stopped());
}

TEST(StopMatcher, ShowsAsMuchAsPossible) {
  // What is held back is exactly the longest end of the text that begins a stop.
  const std::vector<std::string> stops = {"aab", "abba", "bb"};
  std::mt19937 random(5);
  for (int round = 0; round < 2000; ++round) {
    StopMatcher matcher(stops);
    std::string text;
    std::string shown;
    while (text.size() < 20 && !matcher.stopped()) {
      text.push_back(static_cast<char>('a' + std::uniform_int_distribution<int>(0, 1)(random)));
      shown += matcher.push(text.substr(text.size() - 1));
      if (matcher.stopped()) break;
      std::size_t held = 0;
      for (std::size_t length = 1; length <= text.size(); ++length) {
        const std::string end = text.substr(text.size() - length);
        if (std::any_of(stops.begin(), stops.end(),
                        [&](const std::string& s) { return s.starts_with(end); })) {
          held = length;
        }
      }
      ASSERT_EQ(shown.size() + held, text.size()) << text;
    }
  }
}

}  // namespace
}  // namespace axllama::text
