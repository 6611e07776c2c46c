#include "text/constraint/compile.h"

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/error_of.h"
#include "text/constraint/json_schema_grammar.h"
#include "text/constraint/testing/walk.h"

namespace axllama::text {
namespace {

using base::testing::refusal_of;
using testing::accepts;
using testing::contains;
using testing::read_bytes;
using testing::tiny_tokenizer;
using Json = nlohmann::ordered_json;

/// Each token is in the mask just when its bytes may follow.
void expect_exact_mask(ConstraintState& state) {
  const auto allowed = testing::members(state.allowed());
  std::vector<TokenId> possible;
  for (std::size_t i = 0; i < tiny_tokenizer()->vocabulary_size(); ++i) {
    const auto token = static_cast<TokenId>(i);
    const auto tried = state.clone();
    try {
      tried->accept(token);
    } catch (const base::Error&) {
      continue;
    }
    possible.push_back(token);
  }
  EXPECT_EQ(allowed, possible);
}

TEST(Constraint, AllowsChoicesAndNothingElse) {
  const auto constraint = compile_choices({"yes", "no", "yesterday", "\u00e9t\u00e9"}, tiny_tokenizer());
  for (const char* text : {"yes", "no", "yesterday", "\u00e9t\u00e9"})
    EXPECT_TRUE(accepts(*constraint, text));
  for (const char* text : {"", "ye", "yest", "nope", "Yes"}) EXPECT_FALSE(accepts(*constraint, text));
  EXPECT_EQ(read_bytes(*constraint, "yesno").accepted, 3U);
  EXPECT_EQ(refusal_of([] { compile_choices({}, tiny_tokenizer()); }),
            "A list of choices must not be empty.");
}

TEST(Constraint, EndsExactlyWhereTheAnswerIsComplete) {
  const auto constraint = compile_choices({"a", "ab"}, tiny_tokenizer());
  const auto state = constraint->start();
  const TokenId end = tiny_tokenizer()->eos().front();
  EXPECT_FALSE(contains(state->allowed(), end));
  EXPECT_THROW(state->accept(end), base::Error);
  state->accept(*tiny_tokenizer()->token_id("a"));
  EXPECT_TRUE(state->complete());
  EXPECT_TRUE(contains(state->allowed(), end));
  EXPECT_TRUE(contains(state->allowed(), *tiny_tokenizer()->token_id("b")));
  const auto other = state->clone();
  other->accept(end);
  for (const TokenId token : testing::members(other->allowed())) EXPECT_TRUE(tiny_tokenizer()->is_eos(token));
  state->accept(*tiny_tokenizer()->token_id("b"));
  for (const TokenId token : testing::members(state->allowed())) EXPECT_TRUE(tiny_tokenizer()->is_eos(token));
}

TEST(Constraint, NeverAllowsControlTokensAsText) {
  const auto constraint = compile_regex("[^x]*", tiny_tokenizer());
  const auto state = constraint->start();
  for (const TokenId token : testing::members(state->allowed())) {
    EXPECT_TRUE(!tiny_tokenizer()->is_special(token) || tiny_tokenizer()->is_eos(token)) << token;
  }
  EXPECT_TRUE(contains(state->allowed(), *tiny_tokenizer()->token_id("<tool_call>")));  // is text
}

TEST(Constraint, MasksAreExact) {
  std::mt19937 random(3);
  const std::vector<std::shared_ptr<const Constraint>> constraints = {
      compile_json(tiny_tokenizer()),
      compile_json(tiny_tokenizer(), JsonRoot::kObject),
      compile_regex("[a-z]{0,5}[a-z0-9]{2,9}|.{3,7}x", tiny_tokenizer()),
      compile_regex("([a-z]|the){2,6} ?[^q]+", tiny_tokenizer()),
      compile_grammar("root ::= \"<\" ([a-z ] | root){0,3} \">\" [^>\\n]*", tiny_tokenizer()),
      compile_json_schema(Json::parse(R"({"type": "object", "additionalProperties": {"type": "integer"},
          "properties": {"name": {"type": "string", "maxLength": 6}, "names": {"anyOf": [
              {"type": "string", "maxLength": 2}, {"type": "string", "pattern": "^th"}, {"type": "null"}]}}})"),
                          tiny_tokenizer())};
  for (const auto& constraint : constraints) {
    for (int walk = 0; walk < 4; ++walk) {
      const auto state = constraint->start();
      for (int step = 0; step < 12; ++step) {
        expect_exact_mask(*state);
        const auto allowed = testing::members(state->allowed());
        const TokenId token = allowed[random() % allowed.size()];
        if (tiny_tokenizer()->is_eos(token)) break;
        state->accept(token);
      }
    }
  }
}

TEST(Constraint, SharesWorkBetweenThreads) {
  const auto constraint = compile_json(tiny_tokenizer());
  EXPECT_EQ(constraint, compile_json(tiny_tokenizer())) << "kept by its source";
  std::vector<std::thread> threads;
  std::vector<std::string> answers(4);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    threads.emplace_back([&, i] {
      std::mt19937 random(7);
      for (int n = 0; n < 5; ++n) answers[i] += testing::sample(*constraint, random).value_or("-");
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& answer : answers) EXPECT_EQ(answer, answers.front());
}

TEST(Constraint, ForgetsWithoutLosingItsPlace) {
  // Every beginning of the text is another configuration, and there are more than are remembered.
  const auto constraint = compile_regex("([a-z]{0,1000}[0-9]){0,100000}!", tiny_tokenizer());
  const auto state = constraint->start();
  const TokenId letter = *tiny_tokenizer()->token_id("a");
  const TokenId digit = *tiny_tokenizer()->token_id("1");
  for (int i = 0; i < 60'000; ++i) state->accept(i % 700 == 699 ? digit : letter);
  EXPECT_FALSE(state->complete());
  if (!contains(state->allowed(), *tiny_tokenizer()->token_id("!"))) state->accept(digit);
  state->accept(*tiny_tokenizer()->token_id("!"));
  EXPECT_TRUE(state->complete());
}

TEST(Grammar, ComposesTextSchemasAndControlTokens) {
  Grammar grammar;
  JsonGrammar json(grammar);
  const auto call = [&](const std::string& name, const char* schema) {
    return grammar.sequence({grammar.literal("<tool_call>\n{\"name\": \"" + name + "\", \"arguments\": "),
                             add_json_schema(json, Json::parse(schema)), grammar.literal("}\n</tool_call>")});
  };
  const Grammar::Node calls = grammar.separated(
      grammar.choice({call("add", R"({"type": "object", "properties": {"n": {"type": "integer"}},
                                      "required": ["n"]})"),
                      call("stop", R"({"type": "object", "additionalProperties": false})")}),
      grammar.literal("\n"), 1, 2);
  const TokenId marker = *tiny_tokenizer()->token_id("<|object_ref_start|>");
  const Grammar::Node root = grammar.sequence({grammar.optional(grammar.special(marker)), calls});
  const auto constraint = compile(std::move(grammar), root, tiny_tokenizer());

  const std::string add = "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"n\": 12}}\n</tool_call>";
  const std::string stop = "<tool_call>\n{\"name\": \"stop\", \"arguments\": {}}\n</tool_call>";
  EXPECT_TRUE(accepts(*constraint, add));
  EXPECT_TRUE(accepts(*constraint, add + "\n" + stop));
  EXPECT_FALSE(accepts(*constraint, add + "\n" + stop + "\n" + add));
  EXPECT_FALSE(accepts(*constraint, add + stop));
  const auto state = constraint->start();
  EXPECT_TRUE(contains(state->allowed(), marker));
  state->accept(marker);
  EXPECT_FALSE(contains(state->allowed(), marker));
  for (const TokenId token : tiny_tokenizer()->encode(stop)) {
    EXPECT_TRUE(contains(state->allowed(), token));
    state->accept(token);
  }
  EXPECT_TRUE(state->complete());
}

TEST(Grammar, TextRunsUntilAnEnding) {
  Grammar grammar;
  const Grammar::Node root = grammar.sequence({add_text_until(grammar, "aab"), grammar.literal("!")});
  const auto constraint = compile(std::move(grammar), root, tiny_tokenizer());
  for (const char* text : {"aab!", "xaab!", "aaaab!", "a\u00e9aaab!", "abaab!"}) {
    EXPECT_TRUE(accepts(*constraint, text)) << text;
  }
  EXPECT_EQ(read_bytes(*constraint, "xaabx").accepted, 4U);
  EXPECT_FALSE(accepts(*constraint, "aab"));
}

}  // namespace
}  // namespace axllama::text
