#include "text/tokenizer/tokenizer_json.h"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/tokenizer/testing/test_support.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::text {
namespace {

using base::ErrorCode;
using nlohmann::json;
using ::testing::HasSubstr;

/// A small valid tokenizer.json to be spoilt.
json valid() {
  return json::parse(R"({
    "version": "1.0",
    "added_tokens": [{"id": 4, "content": "<s>", "special": true}, {"id": 0, "content": "a"}],
    "normalizer": {"type": "NFC"},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {"<s>": {"id": "<s>", "ids": [4], "tokens": ["<s>"]}}},
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "abab": 3}, "merges": [["a", "b"], "ab ab"]}})");
}

std::vector<TokenId> encode(const std::string& document, const std::string& text) {
  return Tokenizer(assemble(read_tokenizer_json(document, "t.json", nullptr))).encode(text);
}

TEST(TokenizerJson, ReadsBothFormsOfMerges) {
  EXPECT_EQ(encode(valid().dump(), "<s>bababab"),
            (std::vector<TokenId>{4, 1, 0, 1, 0, 1, 0, 1}));  // "a" is taken first
  json without = valid();
  without["added_tokens"] = json::array({valid()["added_tokens"][0]});
  EXPECT_EQ(encode(without.dump(), "<s>bababab"), (std::vector<TokenId>{4, 1, 3, 2}));
  without["model"]["merges"] = json::array({"#version: 0.2", "a b", "ab ab"});
  EXPECT_EQ(encode(without.dump(), "<s>bababab"), (std::vector<TokenId>{4, 1, 3, 2}));
}

struct Fault {
  const char* patch;  // JSON merge patch over valid(); null takes a field away
  ErrorCode code;
  const char* message;
};

TEST(TokenizerJson, RefusesFaultyDocumentsNamingTheField) {
  const Fault faults[] = {
      {R"({"model": null})", ErrorCode::kInvalidArgument, "\"model\""},
      {R"({"model": 5})", ErrorCode::kInvalidArgument, "model is not an object"},
      {R"({"model": {"type": "Unigram"}})", ErrorCode::kUnsupported, "model.type is \"Unigram\""},
      {R"({"model": {"type": "WordPiece"}})", ErrorCode::kUnsupported, "model.type is \"WordPiece\""},
      {R"({"model": {"vocab": null}})", ErrorCode::kInvalidArgument, "model has no object \"vocab\""},
      {R"({"model": {"vocab": [["a", 0.5]]}})", ErrorCode::kInvalidArgument, "model has no object \"vocab\""},
      {R"({"model": {"vocab": {"a": "x"}}})", ErrorCode::kInvalidArgument,
       "model.vocab[\"a\"] is not an integer"},
      {R"({"model": {"vocab": {"a": [1]}}})", ErrorCode::kInvalidArgument,
       "model.vocab[\"a\"] is not an integer"},
      {R"({"model": {"vocab": {"a": -1}}})", ErrorCode::kInvalidArgument, "model.vocab[\"a\"] is -1"},
      {R"({"model": {"vocab": {"a": 99999999999}}})", ErrorCode::kInvalidArgument, "is 99999999999"},
      {R"({"model": {"vocab": {"b": 0}}})", ErrorCode::kInvalidArgument,
       "gives the id 0 to \"a\" and to \"b\""},
      {R"({"model": {"merges": null}})", ErrorCode::kInvalidArgument, "model has no list \"merges\""},
      {R"({"model": {"merges": [["b", "b"]]}})", ErrorCode::kInvalidArgument,
       "model.merges[0] joins \"b\" and \"b\", but \"bb\""},
      {R"({"model": {"merges": ["a x"]}})", ErrorCode::kInvalidArgument, "but \"x\" is not in model.vocab"},
      {R"({"model": {"merges": [["a", "b"], "ab"]}})", ErrorCode::kInvalidArgument,
       "model.merges[1] is \"ab\""},
      {R"({"model": {"merges": ["a b a"]}})", ErrorCode::kInvalidArgument, "model.merges[0] is \"a b a\""},
      {R"({"model": {"merges": [["a"]]}})", ErrorCode::kInvalidArgument, "model.merges[0] has 1 tokens"},
      {R"({"model": {"merges": [7]}})", ErrorCode::kInvalidArgument, "model.merges[0] is neither"},
      {R"({"model": {"merges": [[{}, "b"]]}})", ErrorCode::kInvalidArgument, "model.merges[0] is neither"},
      {R"({"model": {"dropout": 0.1}})", ErrorCode::kUnsupported, "model.dropout is 0.1"},
      {R"({"model": {"end_of_word_suffix": "</w>"}})", ErrorCode::kUnsupported, "model.end_of_word_suffix"},
      {R"({"model": {"unk_token": "<unk>"}})", ErrorCode::kInvalidArgument, "unk_token \"<unk>\""},
      {R"({"model": {"byte_fallback": "yes"}})", ErrorCode::kInvalidArgument,
       "model.byte_fallback is \"yes\""},
      {R"({"normalizer": {"type": "NFKC"}})", ErrorCode::kUnsupported, "normalizer.type is \"NFKC\""},
      {R"({"normalizer": {"type": null}})", ErrorCode::kInvalidArgument, "normalizer has no field \"type\""},
      {R"({"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "X"}]}})",
       ErrorCode::kUnsupported, "normalizer.normalizers[1].type is \"X\""},
      {R"({"pre_tokenizer": {"type": "BertPreTokenizer"}})", ErrorCode::kUnsupported, "pre_tokenizer.type"},
      {R"({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated"}})",
       ErrorCode::kInvalidArgument,
       "pre_tokenizer.pattern: The regular expression \"(\" is wrong at position 1"},
      {R"({"pre_tokenizer": {"type": "Split", "pattern": {"String": "x"}, "behavior": "Sideways"}})",
       ErrorCode::kUnsupported, "pre_tokenizer.behavior is \"Sideways\""},
      {R"({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "ByteLevel"}, {"type": "Digits"}]}})",
       ErrorCode::kUnsupported, "pre_tokenizer.pretokenizers[1] comes after ByteLevel"},
      {R"({"decoder": null})", ErrorCode::kInvalidArgument, "\"decoder\""},
      {R"({"decoder": {"type": "WordPiece"}})", ErrorCode::kUnsupported, "decoder.type is \"WordPiece\""},
      {R"({"post_processor": {"type": "BertProcessing"}})", ErrorCode::kUnsupported, "post_processor.type"},
      {R"({"post_processor": {"special_tokens": {"<s>": {"ids": [5]}}}})", ErrorCode::kInvalidArgument,
       "uses the id 5 in its post_processor, but the vocabulary ends at 4"},
      {R"({"post_processor": {"special_tokens": {"<s>": null}}})", ErrorCode::kInvalidArgument,
       "no field \"<s>\""},
      {R"({"added_tokens": {}})", ErrorCode::kInvalidArgument, "added_tokens is not a list"},
      {R"({"added_tokens": [{"id": 9, "content": "<s>"}]})", ErrorCode::kInvalidArgument,
       "added_tokens[0] gives \"<s>\" the id 9, but by its place it has the id 4"},
      {R"({"added_tokens": [{"id": 3, "content": "a"}]})", ErrorCode::kInvalidArgument,
       "by its place it has the id 0"},
      {R"({"added_tokens": [{"content": "a"}]})", ErrorCode::kInvalidArgument,
       "added_tokens[0] has no field \"id\""},
      {R"({"added_tokens": [{"id": 4, "content": "<s>", "lstrip": 1}]})", ErrorCode::kInvalidArgument,
       "added_tokens[0].lstrip is 1, not true or false"},
  };
  ASSERT_NO_THROW(encode(valid().dump(), "a"));
  for (const Fault& fault : faults) {
    json document = valid();
    document.merge_patch(json::parse(fault.patch));
    try {
      encode(document.dump(), "a");
      ADD_FAILURE() << "accepted: " << fault.patch;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), fault.code) << fault.patch << ": " << error.message();
      EXPECT_THAT(error.message(), HasSubstr("t.json: ")) << fault.patch;
      EXPECT_THAT(error.message(), HasSubstr(fault.message)) << fault.patch;
    }
  }
}

TEST(TokenizerJson, RefusesDamagedText) {
  const std::string whole = read_file(golden_folder() / "qwen2.json");
  for (const std::string& text :
       {whole.substr(0, whole.size() / 2), std::string(), std::string("[]"), std::string("nul"),
        std::string(100'000, '['), whole + "x", std::string("{\"a\":\"\xFF\"}")}) {
    try {
      read_tokenizer_json(text, "t.json", nullptr);
      ADD_FAILURE() << "accepted " << text.substr(0, 50);
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      EXPECT_THAT(error.message(), HasSubstr("t.json"));
    }
  }
}

TEST(TokenizerJson, NeverCrashesOnChangedText) {
  const std::string whole = read_file(golden_folder() / "llama2.json");
  std::mt19937 random(41);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string text = whole;
    for (int i = 0; i < 3; ++i) text[random() % text.size()] = static_cast<char>(random() % 128);
    try {
      encode(text, "Hello <s> \u00E9");
    } catch (const base::Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100);
}

TEST(TokenizerJson, AddsTokensThatOnlyTheConfigurationKnows) {
  const json extra =
      json::parse(R"({"5": {"content": "<think>", "special": false}, "4": {"content": "<s>"}})");
  const Tokenizer tokenizer(assemble(read_tokenizer_json(valid().dump(), "t.json", extra)));
  EXPECT_EQ(tokenizer.token_id("<think>"), 5);
  EXPECT_TRUE(tokenizer.is_special(4));  // as tokenizer.json has it
  EXPECT_EQ(tokenizer.encode("<think>b"), (std::vector<TokenId>{5, 1}));
}

}  // namespace
}  // namespace axllama::text
