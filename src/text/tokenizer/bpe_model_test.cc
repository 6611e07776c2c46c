#include "text/tokenizer/bpe_model.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "text/tokenizer/token_map.h"

namespace axllama::text {
namespace {

/// A random byte vocabulary over "ab": single letters, then merges of tokens that are there.
struct Rules {
  std::vector<std::string> tokens{"a", "b"};
  std::vector<std::pair<TokenId, TokenId>> merges;  // by rank

  explicit Rules(std::mt19937& random, std::size_t size) {
    while (tokens.size() < size) {
      std::uniform_int_distribution<std::size_t> any(0, tokens.size() - 1);
      const std::size_t left = any(random);
      const std::size_t right = any(random);
      const std::string joined = tokens[left] + tokens[right];
      if (std::find(tokens.begin(), tokens.end(), joined) != tokens.end()) continue;
      tokens.push_back(joined);
      merges.emplace_back(static_cast<TokenId>(left), static_cast<TokenId>(right));
    }
    std::shuffle(merges.begin(), merges.end(), random);  // ranks need not follow the order of ids
  }

  TokenId id(const std::string& token) const {
    return static_cast<TokenId>(std::find(tokens.begin(), tokens.end(), token) - tokens.begin());
  }

  BpeModel model(const BpeOptions& options = {}) const {
    TokenMap vocabulary;
    for (const std::string& token : tokens) vocabulary.insert(token, id(token));
    MergeTable table;
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
      const auto [left, right] = merges[rank];
      const std::string joined =
          tokens[static_cast<std::size_t>(left)] + tokens[static_cast<std::size_t>(right)];
      table.set(left, right, {static_cast<std::uint32_t>(rank), id(joined)});
    }
    return {std::move(vocabulary), std::move(table), options, tokens.size()};
  }

  /// The definition: as long as any pair merges, merge the leftmost of the lowest rank.
  std::vector<TokenId> encode(const std::string& text) const {
    std::vector<TokenId> ids;
    for (const char c : text) ids.push_back(id(std::string(1, c)));
    while (true) {
      std::size_t best_rank = merges.size();
      std::size_t best_at = 0;
      for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
        const auto found = std::find(merges.begin(), merges.end(), std::pair(ids[i], ids[i + 1]));
        const auto rank = static_cast<std::size_t>(found - merges.begin());
        if (rank < best_rank) {
          best_rank = rank;
          best_at = i;
        }
      }
      if (best_rank == merges.size()) return ids;
      const auto at = static_cast<std::size_t>(best_at);
      ids[at] = id(tokens[static_cast<std::size_t>(ids[at])] + tokens[static_cast<std::size_t>(ids[at + 1])]);
      ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
  }
};

TEST(BpeModel, FollowsTheDefinitionForShortAndLongPieces) {
  std::mt19937 random(17);
  BpeModel::Workspace workspace;
  for (int round = 0; round < 60; ++round) {
    const Rules rules(random, 4 + static_cast<std::size_t>(round) % 20);
    const BpeModel model = rules.model();
    for (int length = 0; length <= 200; length += length < 45 ? 1 : 31) {
      std::string text;
      for (int i = 0; i < length; ++i) text.push_back(static_cast<char>('a' + (random() & 1U)));
      const std::vector<TokenId> want = rules.encode(text);
      for (int again = 0; again < 2; ++again) {  // the second time may use what was remembered
        std::vector<TokenId> ids;
        model.encode(text, ids, workspace);
        ASSERT_EQ(ids, want) << text;
      }
    }
  }
}

TEST(BpeModel, IgnoresMergesForWholeTokensWhenToldTo) {
  TokenMap vocabulary;
  for (const auto& [token, id] :
       std::vector<std::pair<std::string, TokenId>>{{"a", 0}, {"b", 1}, {"ab", 2}}) {
    vocabulary.insert(token, id);
  }
  BpeModel::Workspace workspace;
  std::vector<TokenId> ids;
  BpeOptions options;
  options.ignore_merges = true;
  BpeModel(vocabulary, {}, options, 3).encode("ab", ids, workspace);
  EXPECT_EQ(ids, (std::vector<TokenId>{2}));
  ids.clear();
  BpeModel(vocabulary, {}, {}, 3).encode("ab", ids, workspace);
  EXPECT_EQ(ids, (std::vector<TokenId>{0, 1}));
}

TEST(BpeModel, TreatsUnknownCharacters) {
  TokenMap vocabulary;
  vocabulary.insert("a", 0);
  vocabulary.insert("<unk>", 1);
  vocabulary.insert("<0xC3>", 2);
  vocabulary.insert("<0xA9>", 3);
  BpeOptions options;
  options.byte_symbols = false;
  const auto encode = [&](const std::string& text) {
    BpeModel::Workspace workspace;
    std::vector<TokenId> ids;
    BpeModel(vocabulary, {}, options, 4).encode(text, ids, workspace);
    return ids;
  };
  using Ids = std::vector<TokenId>;
  EXPECT_EQ(encode("a\u00E9a"), (Ids{0, 0}));  // no unknown token: dropped
  options.unknown = 1;
  EXPECT_EQ(encode("a\u00E9\u00E8a"), (Ids{0, 1, 1, 0}));
  options.fuse_unknown = true;
  EXPECT_EQ(encode("a\u00E9\u00E8a\u00E9"), (Ids{0, 1, 0, 1}));
  options.byte_fallback = true;
  options.byte_tokens.fill(kNoToken);
  options.byte_tokens[0xC3] = 2;
  options.byte_tokens[0xA9] = 3;
  EXPECT_EQ(encode("\u00E9a\u00E8"), (Ids{2, 3, 0, 1}));  // U+00E8 has a byte without a token
}

TEST(TokenMap, FindsWhatWasInsertedAndNothingElse) {
  TokenMap map;
  EXPECT_EQ(map.find("x"), kNoToken);
  for (TokenId id = 0; id < 20000; ++id) ASSERT_TRUE(map.insert("key" + std::to_string(id), id));
  EXPECT_FALSE(map.insert("key7", 99));
  EXPECT_TRUE(map.insert("", 20000));
  EXPECT_EQ(map.size(), 20001U);
  for (TokenId id = 0; id < 20000; ++id) ASSERT_EQ(map.find("key" + std::to_string(id)), id);
  EXPECT_EQ(map.find(""), 20000);
  EXPECT_EQ(map.find("key20000"), kNoToken);
  EXPECT_EQ(map.find("ke"), kNoToken);
}

TEST(MergeTable, KeepsTheLastRuleOfAPair) {
  MergeTable table;
  EXPECT_EQ(table.find(1, 2), nullptr);
  for (TokenId left = 0; left < 200; ++left) {
    for (TokenId right = 0; right < 50; ++right)
      table.set(left, right, {static_cast<std::uint32_t>(left), right});
  }
  table.set(3, 4, {1234, 5});
  EXPECT_EQ(table.size(), 200U * 50U);
  ASSERT_NE(table.find(3, 4), nullptr);
  EXPECT_EQ(table.find(3, 4)->rank, 1234U);
  EXPECT_EQ(table.find(199, 49)->result, 49);
  EXPECT_EQ(table.find(49, 199), nullptr);
}

}  // namespace
}  // namespace axllama::text
