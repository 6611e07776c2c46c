#include "text/tokenizer/tokenizer.h"

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/utf8.h"
#include "text/tokenizer/testing/test_support.h"

namespace axllama::text {
namespace {

using Ids = std::vector<TokenId>;

std::shared_ptr<const Tokenizer> fixture(const char* name) {
  return Tokenizer::load_file(golden_folder() / (std::string(name) + ".json"));
}

TEST(Tokenizer, DescribesItsTokens) {
  const auto tokenizer = fixture("qwen2");
  const TokenId end = *tokenizer->token_id("<|im_end|>");
  EXPECT_TRUE(tokenizer->is_special(end));
  EXPECT_EQ(tokenizer->piece(end), "<|im_end|>");
  EXPECT_EQ(tokenizer->token(end), "<|im_end|>");
  EXPECT_FALSE(tokenizer->is_special(*tokenizer->token_id("<think>")));
  EXPECT_FALSE(tokenizer->is_special(*tokenizer->token_id("a")));
  const TokenId space = *tokenizer->token_id("\u0120");
  EXPECT_EQ(tokenizer->piece(space), " ");
  EXPECT_EQ(tokenizer->token(space), "\u0120");
  EXPECT_FALSE(tokenizer->token_id("no such token"));
  const auto size = static_cast<TokenId>(tokenizer->vocabulary_size());
  EXPECT_EQ(size, end + 6);  // five more added tokens
  for (const TokenId outside : {-1, size, INT32_MAX, INT32_MIN}) {
    EXPECT_EQ(tokenizer->piece(outside), "");
    EXPECT_EQ(tokenizer->token(outside), "");
    EXPECT_FALSE(tokenizer->is_special(outside));
    EXPECT_FALSE(tokenizer->is_eos(outside));
    EXPECT_EQ(tokenizer->decode(Ids{outside}, false), "");
  }
}

TEST(Tokenizer, PiecesOfByteFallbackTokensAreBytes) {
  const auto tokenizer = fixture("llama2");
  EXPECT_EQ(tokenizer->piece(*tokenizer->token_id("<0x0A>")), "\n");
  EXPECT_EQ(tokenizer->piece(*tokenizer->token_id("<0x00>")), std::string_view("\0", 1));
  EXPECT_EQ(tokenizer->piece(*tokenizer->token_id("\u2581")), " ");
}

TEST(Tokenizer, FramesASequenceAsThePostProcessorSays) {
  const auto llama3 = fixture("llama3");
  const TokenId begin = *llama3->token_id("<|begin_of_text|>");
  EXPECT_EQ(llama3->add_special_tokens({1, 2}), (Ids{begin, 1, 2}));
  EXPECT_FALSE(llama3->adds_bos());  // no file says which token is called bos
  const auto gemma = fixture("gemma");
  EXPECT_EQ(gemma->add_special_tokens({}), (Ids{*gemma->token_id("<bos>"), *gemma->token_id("<eos>")}));
  EXPECT_EQ(fixture("qwen2")->add_special_tokens({1}), (Ids{1}));
}

TEST(Tokenizer, ReadsIllFormedTextAsReplacementCharacters) {
  for (const char* name : {"qwen2", "llama3", "llama2", "deepseek"}) {
    const auto tokenizer = fixture(name);
    std::mt19937 random(23);
    for (int round = 0; round < 500; ++round) {
      std::string text = random_text(random, 8);
      for (int i = 0; i < 3; ++i) {
        const auto at = static_cast<std::ptrdiff_t>(random() % (text.size() + 1));
        text.insert(text.begin() + at, static_cast<char>(random() % 256));
      }
      ASSERT_EQ(tokenizer->encode(text), tokenizer->encode(base::to_valid_utf8(text))) << name;
    }
  }
}

TEST(Tokenizer, DecodesWhatItEncodes) {
  std::mt19937 random(29);
  const auto tokenizer = fixture("llama3");  // all bytes, no normalizer
  for (int round = 0; round < 2000; ++round) {
    const std::string text = random_text(random, 30);
    const Ids ids = tokenizer->encode(text, false);
    ASSERT_EQ(tokenizer->decode(ids, false), text);
    std::string pieces;
    for (const TokenId id : ids) pieces += tokenizer->piece(id);
    ASSERT_EQ(pieces, text);
  }
}

struct Adversary {
  const char* name;
  std::string text;
};

std::string repeated(const char* part, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += part;
  return text;
}

TEST(Tokenizer, TakesLinearTimeOnAdversarialInput) {
  constexpr std::size_t kBytes = 1'000'000;
  std::mt19937 random(31);
  std::string noise;
  for (std::size_t i = 0; i < kBytes; ++i) noise.push_back(static_cast<char>(random()));
  std::string letters;
  for (std::size_t i = 0; i < kBytes; ++i) letters.push_back(static_cast<char>('a' + random() % 26));
  const Adversary adversaries[] = {{"one letter", std::string(kBytes, 'a')},
                                   {"spaces", std::string(kBytes, ' ')},
                                   {"spaces and a letter", std::string(kBytes, ' ') + "x"},
                                   {"line feeds", std::string(kBytes, '\n')},
                                   {"random letters", letters},
                                   {"random bytes", noise},
                                   {"marks", repeated("\u0301\u0323", kBytes)},
                                   {"syllables", repeated("\u1112\u1161\u11AB", kBytes)},
                                   {"beginnings of tokens", repeated("<|im_", kBytes)},
                                   {"added tokens", repeated("<|im_end|> ", kBytes)},
                                   {"apostrophes", repeated("'", kBytes)},
                                   {"digits", repeated("7", kBytes)},
                                   {"lines of spaces", repeated("   \n", kBytes)}};
  for (const char* name :
       {"qwen2", "llama3", "gpt2", "smollm", "llama2", "gemma", "metaspace", "deepseek", "o200k"}) {
    const auto tokenizer = fixture(name);
    for (const Adversary& adversary : adversaries) {
      const auto begin = std::chrono::steady_clock::now();
      const Ids ids = tokenizer->encode(adversary.text);
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
      EXPECT_LE(ids.size(), 3 * kBytes + 2) << name << ": " << adversary.name;
      // At most 0.4 s on a slow machine; a quadratic step would take minutes. The margin is for sanitizers.
      EXPECT_LT(time.count(), 15.0) << name << ": " << adversary.name;
      RecordProperty(std::string(name) + " " + adversary.name, std::to_string(time.count()));
    }
  }
}

TEST(Tokenizer, ServesManyThreadsAtOnce) {
  const auto tokenizer = fixture("qwen2");
  const auto alone = fixture("qwen2");
  std::vector<std::string> texts;
  std::vector<Ids> want;
  std::mt19937 random(37);
  for (int i = 0; i < 200; ++i) {
    texts.push_back(random_text(random, 40) + " the quick brown fox");
    want.push_back(alone->encode(texts.back()));
  }
  std::vector<std::thread> threads;
  std::vector<int> failures(4, 0);
  for (std::size_t t = 0; t < failures.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::size_t at = (i * 7 + t * 50) % texts.size();
        if (tokenizer->encode(texts[at]) != want[at]) ++failures[t];
        if (tokenizer->decode(want[at], false).empty()) ++failures[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, std::vector<int>(failures.size(), 0));
}

}  // namespace
}  // namespace axllama::text
