#include "text/tokenizer/streaming_detokenizer.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "text/tokenizer/byte_level.h"
#include "text/tokenizer/testing/test_support.h"

namespace axllama::text {
namespace {

using Parts = std::vector<std::string>;

std::shared_ptr<const Tokenizer> fixture(const char* name) {
  return Tokenizer::load_file(golden_folder() / (std::string(name) + ".json"));
}

/// The tokens of single bytes.
std::vector<TokenId> byte_ids(const Tokenizer& tokenizer, std::string_view bytes) {
  std::vector<TokenId> ids;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    ids.push_back(*tokenizer.token_id(to_byte_level(bytes.substr(i, 1))));
  return ids;
}

Parts stream(StreamingDetokenizer& detokenizer, const std::vector<TokenId>& ids) {
  Parts parts;
  for (const TokenId id : ids) parts.push_back(detokenizer.push(id));
  parts.push_back(detokenizer.flush());
  return parts;
}

TEST(StreamingDetokenizer, HoldsBackUnfinishedCharacters) {
  const auto tokenizer = fixture("qwen2");
  StreamingDetokenizer detokenizer(tokenizer);
  EXPECT_EQ(stream(detokenizer, byte_ids(*tokenizer, "a\u20ACb")), (Parts{"a", "", "", "\u20AC", "b", ""}));
  EXPECT_EQ(stream(detokenizer, byte_ids(*tokenizer, "\U0001F600")), (Parts{"", "", "", "\U0001F600", ""}));
}

TEST(StreamingDetokenizer, ReplacesWhatCannotBecomeACharacter) {
  const auto tokenizer = fixture("qwen2");
  StreamingDetokenizer detokenizer(tokenizer);
  EXPECT_EQ(stream(detokenizer, byte_ids(*tokenizer,
                                         "\xE2\x82"
                                         "b")),
            (Parts{"", "", "\uFFFDb", ""}));
  EXPECT_EQ(stream(detokenizer, byte_ids(*tokenizer, "\x80\xF0\x9F")), (Parts{"\uFFFD", "", "", "\uFFFD"}));
}

TEST(StreamingDetokenizer, SkipsSpecialTokensWhenToldTo) {
  const auto tokenizer = fixture("qwen2");
  const std::vector<TokenId> ids = tokenizer->encode("<|im_start|><think>a<|im_end|>");
  StreamingDetokenizer skipping(tokenizer);
  EXPECT_EQ(stream(skipping, ids), (Parts{"", "<think>", "a", "", ""}));
  StreamingDetokenizer showing(tokenizer, false);
  EXPECT_EQ(stream(showing, ids), (Parts{"<|im_start|>", "<think>", "a", "<|im_end|>", ""}));
}

TEST(StreamingDetokenizer, DropsTheSpaceThatSentencepieceAddsOnlyAtTheStart) {
  const auto tokenizer = fixture("llama2");
  const TokenId word = *tokenizer->token_id("\u2581the");
  StreamingDetokenizer detokenizer(tokenizer);
  EXPECT_EQ(stream(detokenizer, {word, word}), (Parts{"the", " the", ""}));
  EXPECT_EQ(stream(detokenizer, {word}), (Parts{"the", ""}));  // ready for a new text
  const auto metaspace = fixture("metaspace");
  const TokenId other = *metaspace->token_id("\u2581the");
  StreamingDetokenizer second(metaspace);
  EXPECT_EQ(stream(second, {other, other}), (Parts{"the", " the", ""}));
}

TEST(StreamingDetokenizer, DeliversByteTokensAsSoonAsTheyAreACharacter) {
  const auto tokenizer = fixture("llama2");
  const TokenId c3 = *tokenizer->token_id("<0xC3>");
  const TokenId a9 = *tokenizer->token_id("<0xA9>");
  StreamingDetokenizer detokenizer(tokenizer);
  EXPECT_EQ(stream(detokenizer, {c3, a9, c3}), (Parts{"", "\u00E9", "", "\uFFFD"}));
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{c3, a9, c3}, false),
            "\uFFFD\uFFFD\uFFFD");  // judged as one run
}

}  // namespace
}  // namespace axllama::text
