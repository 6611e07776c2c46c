#include "text/tokenizer/vendor_text.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/tokenizer/byte_level.h"
#include "text/tokenizer/testing/test_support.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::text {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Ids = std::vector<TokenId>;

std::string to_base64(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8U | (i + k < bytes.size() ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k <= bytes.size() ? kLetters[bits >> (18U - 6U * k) & 63U] : '=';
  }
  return text;
}

/// The fixture as the vendor's converter writes it: type 1 or 3, one end token.
std::string vendor_text(const std::string& name, int type, const std::string& end_token) {
  const json document = json::parse(read_file(golden_folder() / (name + ".json")));
  std::map<TokenId, std::string> tokens;
  for (const auto& [token, id] : document.at("model").at("vocab").items()) tokens[id.get<TokenId>()] = token;
  std::string special;
  TokenId end = -1;
  std::vector<TokenId> added;
  for (const json& token : document.at("added_tokens")) {
    added.push_back(token.at("id").get<TokenId>());
    tokens[added.back()] = token.at("content").get<std::string>();
    special += std::to_string(added.back()) + " ";
    if (token.at("content") == end_token) end = added.back();
  }
  const json& merges = document.at("model").at("merges");
  std::string text = "430 " + std::to_string(type) + "\n" + std::to_string(added.size()) + " 1 0\n" +
                     special + std::to_string(end) + " \n" + std::to_string(tokens.size());
  if (type == 3) text += " " + std::to_string(merges.size() + 1);
  text += "\n";
  for (const auto& [id, token] : tokens) {
    const bool is_added = std::find(added.begin(), added.end(), id) != added.end();
    text += type == 3 ? token : to_base64(is_added ? token : *from_byte_level(token));
    text += "\n";
  }
  if (type == 3) {
    text += "#version: 0.2\n";
    for (const json& merge : merges) {
      text += merge.is_string() ? merge.get<std::string>()
                                : merge[0].get<std::string>() + " " + merge[1].get<std::string>();
      text += "\n";
    }
  }
  return text;
}

struct Case {
  const char* name;
  int type;
  const char* end_token;
  const char* tokenizer_type;
};

TEST(VendorText, GivesTheIdsOfTheOriginal) {
  const Case cases[] = {{"qwen2", 1, "<|im_end|>", ""},          {"qwen2", 3, "<|im_end|>", ""},
                        {"qwen2", 1, "<|im_end|>", "Qwen3VL"},   {"qwen35", 3, "<|im_end|>", "Qwen3_5"},
                        {"qwen35", 1, "<|im_end|>", "Qwen3.5"},  {"smollm", 1, "<|im_end|>", ""},
                        {"smollm", 3, "<|im_end|>", "SmolVLM2"}, {"llama3", 3, "<|eot_id|>", ""}};
  for (const Case& c : cases) {
    const TemporaryFolder package;
    package.write("model_tokenizer.txt", vendor_text(c.name, c.type, c.end_token));
    if (*c.tokenizer_type != '\0')
      package.write("config.json", json{{"tokenizer_type", c.tokenizer_type}}.dump());
    const auto tokenizer = Tokenizer::load(package.path());
    const TokenId end = *tokenizer->token_id(c.end_token);
    EXPECT_EQ(tokenizer->eos(), Ids{end});
    EXPECT_TRUE(tokenizer->is_special(end));
    std::ifstream in(golden_folder() / (std::string(c.name) + ".jsonl"));
    int compared = 0;
    for (std::string line; std::getline(in, line);) {
      const json vector = json::parse(line);
      if (vector.contains("framed")) continue;
      if (vector.contains("text")) {
        const auto text = vector.at("text").get<std::string>();
        ASSERT_EQ(tokenizer->encode(text, !vector.value("plain", false)), vector.at("ids").get<Ids>())
            << c.name << " " << c.type << " " << vector;
      } else {
        ASSERT_EQ(tokenizer->decode(vector.at("ids").get<Ids>(), true),
                  vector.at("visible").get<std::string>())
            << vector;
      }
      ++compared;
    }
    EXPECT_GE(compared, 450);
  }
}

TEST(VendorText, IsFoundByTheNameInTheConfiguration) {
  const TemporaryFolder package;
  package.write("a_tokenizer.txt", vendor_text("qwen2", 1, "<|im_end|>"));
  package.write("b_tokenizer.txt", vendor_text("smollm", 1, "<|im_end|>"));
  EXPECT_THROW(Tokenizer::load(package.path()), base::Error);
  package.write("config.json", R"({"url_tokenizer_model": "./b_tokenizer.txt"})");
  EXPECT_TRUE(Tokenizer::load(package.path())->token_id("<gh_stars>"));
}

std::string message_of(const std::string& text) {
  try {
    read_vendor_tokenizer_text(text, "v.txt", json::object());
  } catch (const base::Error& error) {
    return error.message();
  }
  return "accepted";
}

TEST(VendorText, RefusesOtherAndDamagedFiles) {
  EXPECT_TRUE(is_vendor_tokenizer_text("430 1\n"));
  EXPECT_FALSE(is_vendor_tokenizer_text("{}"));
  EXPECT_FALSE(is_vendor_tokenizer_text(""));
  EXPECT_THAT(message_of("430 0\n"), HasSubstr("v.txt, line 1: the vocabulary is of type 0"));
  EXPECT_THAT(message_of("430 2\n"), HasSubstr("type 2"));
  EXPECT_THAT(message_of("430 x\n"), HasSubstr("line 1: \"x\" is not a number"));
  EXPECT_THAT(message_of("430 1\n1 1\n"), HasSubstr("line 2: there are 2 counts, not 3"));
  EXPECT_THAT(message_of("430 1\n1 1 0\n0\n"),
              HasSubstr("line 3: there are 1 ids of special tokens, but the line before says 2"));
  EXPECT_THAT(message_of("430 1\n1 1 0\n0 5\n2\n"),
              HasSubstr("line 4: the special token 5 is outside the vocabulary of 2"));
  EXPECT_THAT(message_of("430 1\n0 0 0\n\n2\nYQ==\n"),
              HasSubstr("line 6: the file ends where a token should be"));
  EXPECT_THAT(message_of("430 1\n0 0 0\n\n1\nY!==\n"), HasSubstr("line 5: \"Y!==\" is not base64"));
  EXPECT_THAT(message_of("430 1\n0 0 0\n\n1\nYQ==\nYQ==\n"),
              HasSubstr("line 5: the file goes on after its last entry"));
  EXPECT_THAT(message_of("430 1\n0 0 0\n\n1\nYQ==\n"), HasSubstr("does not say how text is split"));
  EXPECT_THAT(message_of("430 3\n0 0 0\n\n2 1\na\nb\na b\n"),
              HasSubstr("line 7: the merge uses \"ab\", which is not a token"));
  EXPECT_THAT(message_of("430 3\n0 0 0\n\n2 1\na\nb\nab\n"), HasSubstr("line 7: \"ab\" is not two tokens"));
}

}  // namespace
}  // namespace axllama::text
