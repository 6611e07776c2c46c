// Hostile sources: each is refused with a sentence, or can be followed step by step at a bounded cost.
#include "text/constraint/limits.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/constraint/compile.h"
#include "text/constraint/testing/walk.h"

namespace axllama::text {
namespace {

using testing::tiny_tokenizer;
using Json = nlohmann::ordered_json;

std::string repeated(const std::string& unit, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += unit;
  return text;
}

/// Compiles and follows a random answer for some steps.
std::string outcome(const std::function<std::shared_ptr<const Constraint>()>& make) {
  std::mt19937 random(5);
  try {
    const auto constraint = make();
    const auto state = constraint->start();
    for (int i = 0; i < 40; ++i) {
      const auto allowed = testing::members(state->allowed());
      const TokenId token = allowed[random() % allowed.size()];
      if (tiny_tokenizer()->is_eos(token)) break;
      state->accept(token);
    }
    return "followed";
  } catch (const base::Error& error) {
    return error.message();
  }
}
std::string regex_outcome(const std::string& pattern) {
  return outcome([&] { return compile_regex(pattern, tiny_tokenizer()); });
}
std::string grammar_outcome(const std::string& source) {
  return outcome([&] { return compile_grammar(source, tiny_tokenizer()); });
}
std::string schema_outcome(const Json& schema) {
  return outcome([&] { return compile_json_schema(schema, tiny_tokenizer()); });
}

TEST(ConstraintLimits, NestingIsBounded) {
  EXPECT_EQ(regex_outcome(repeated("(", 100'000)),
            "The pattern is not supported at character 130: groups are nested deeper than 128.");
  EXPECT_EQ(grammar_outcome("root ::= " + repeated("(", 100'000)),
            "The grammar is wrong in line 1: groups are nested deeper than 128.");
  Json deep = {{"type", "null"}};
  for (int i = 0; i < 500; ++i) deep = Json{{"items", std::move(deep)}};
  EXPECT_EQ(schema_outcome(deep), "The schema is nested deeper than 128 levels.");
}

TEST(ConstraintLimits, SizesAreBounded) {
  const std::string large(kConstraintLimits.max_source_bytes + 1, 'a');
  EXPECT_EQ(regex_outcome(large),
            "The pattern is not supported at character 1: it is longer than 1048576 bytes.");
  EXPECT_EQ(grammar_outcome(large), "The grammar is wrong in line 1: it is longer than 1048576 bytes.");
  EXPECT_EQ(schema_outcome({{"enum", {large}}}), "The schema is larger than 1048576 bytes.");
  Json many = Json::array();
  for (int i = 0; i < 100'001; ++i) many.push_back(i);
  EXPECT_EQ(schema_outcome({{"enum", many}}), "The schema has more than 100000 values.");
  EXPECT_EQ(regex_outcome(std::string(900'000, 'a')),
            "The constraint is too large: it has more than 400000 parts.");
}

TEST(ConstraintLimits, CombinationsAreBounded) {
  // 2 to the 20 ways to choose.
  Json shapes = Json::array();
  Json objects = Json::array();
  for (int i = 0; i < 20; ++i) {
    const std::string name = "p" + std::to_string(i);
    shapes.push_back({{"anyOf", {{{"minLength", i}}, {{"maxLength", 1000 - i}}}}});
    objects.push_back({{"anyOf", {{{"required", {name}}}, {{"properties", {{name, {{"type", "null"}}}}}}}}});
  }
  EXPECT_EQ(schema_outcome({{"type", "string"}, {"allOf", shapes}}),
            "The schema combines its parts in more than 10000 ways.");
  EXPECT_EQ(schema_outcome({{"type", "object"}, {"allOf", objects}}),
            "The constraint is too large: it has more than 400000 parts.");
  Json properties;
  for (int i = 0; i < 300; ++i) properties["p" + std::to_string(i)] = true;
  EXPECT_EQ(
      schema_outcome({{"type", "object"}, {"properties", properties}, {"maxProperties", 200}}),
      "The schema's keywords \"minProperties\" and \"maxProperties\" are too large for an object of 300 "
      "properties.");
}

TEST(ConstraintLimits, ComparisonsOfAlternativesAreBounded) {
  const auto one_of = [](const std::function<Json(int)>& branch, int number = 1'000) {
    Json schema;
    for (int i = 0; i < number; ++i) schema["oneOf"].push_back(branch(i));
    return schema_outcome(schema);
  };
  const auto name = [](int i) { return "p" + std::to_string(i); };
  const std::string too_many =
      "The schema's keyword \"oneOf\" at \"#\" has more alternatives, or larger ones, than can be compared "
      "with "
      "each other.";
  // Values, and objects told apart by one, are looked up.
  EXPECT_EQ(one_of([&](int i) { return Json{{"const", name(i)}, {"title", "one"}}; }), "followed");
  const auto tagged = [&](int i) {
    return Json{{"type", "object"},
                {"properties", {{"kind", {{"const", name(i)}}}, {name(i), true}}},
                {"required", {name(i), "kind"}}};
  };
  EXPECT_EQ(one_of(tagged, 100), "followed");
  EXPECT_NE(one_of(tagged), too_many);
  EXPECT_EQ(one_of([&](int i) {
              return Json{{"type", "object"}, {"properties", {{name(i), true}}}, {"required", {name(i)}}};
            }),
            too_many);
  EXPECT_EQ(
      one_of([&](int i) { return Json{{"minimum", i}, {"exclusiveMaximum", i + 1}, {"type", "number"}}; }),
      too_many);
  const std::string large(20'000, 'x');
  EXPECT_EQ(one_of([&](int i) { return Json{{"const", {large.substr(0, 900), i}}, {"type", "array"}}; }, 100),
            "followed");
  Json long_pattern = {{"type", "string"}, {"pattern", "^" + repeated("(a|b?)", 40'000) + "$"}};
  EXPECT_EQ(schema_outcome({{"oneOf", {long_pattern, {{"const", large}}}}}), too_many);

  // A schema that refers to itself on both sides, ever deeper.
  const Json deep = Json::parse(R"({"oneOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}], "$defs": {
      "a": {"type": "object", "properties": {"x": {"$ref": "#/$defs/a"}, "y": {"$ref": "#/$defs/b"}}, "required": ["x"]},
      "b": {"anyOf": [{"type": "object", "properties": {"x": {"$ref": "#/$defs/b"}, "y": {"$ref": "#/$defs/a"}},
      "required": ["x", "y"]}, {"type": "null"}]}}})");
  EXPECT_EQ(schema_outcome(deep),
            "The schema's keyword \"oneOf\" at \"#\" has alternatives that do not exclude "
            "each other: a value of \"#/oneOf/0\" may satisfy \"#/oneOf/1\" too; tell them "
            "apart by type or by a required property with a \"const\", or use \"anyOf\".");
  // Twenty times either of two.
  Json twofold;
  for (int i = 0; i < 20; ++i) {
    twofold["allOf"].push_back({{"oneOf", {{{"required", {name(i)}}}, {{"required", {name(i + 20)}}}}}});
  }
  EXPECT_NE(schema_outcome(twofold), "followed");
}

TEST(ConstraintLimits, HugeCountsCostNothing) {
  EXPECT_EQ(regex_outcome("a{4000000000}"),
            "The pattern is not supported at character 13: a count is larger than 1073741824.");
  for (const char* pattern : {"a{1000000000}", "((a{1000}){1000}){1000}", "(a?){1000000}", "((a*){1000})*",
                              "(([a-z]{0,9}){0,9}){0,9}"}) {
    EXPECT_EQ(regex_outcome(pattern), "followed") << pattern;
  }
  EXPECT_EQ(
      schema_outcome({{"type", "array"}, {"minItems", 1'000'000}, {"items", {{"minLength", 5'000'000}}}}),
      "followed");
}

TEST(ConstraintLimits, AmbiguityIsBounded) {
  for (const char* pattern : {"(a|a)*b", "(a*)*(a*)*(a*)*$", "(x+x+)+y", "([a-z]|[a-y]|[a-x])*[0-9]{5}",
                              "(.*a){12}", "(a{0,1000}){0,1000}b", "(.{0,300}){0,300}"}) {
    EXPECT_EQ(regex_outcome(pattern), "followed") << pattern;
  }
  // A stack more for each way to read what came before.
  EXPECT_EQ(grammar_outcome("root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"d\""), "followed");
  EXPECT_EQ(grammar_outcome(
                "root ::= [a-z] root [a-z] | [a-z] root [a-y] | [a-z]? root2\nroot2 ::= \"\" | \"x\" root"),
            "followed");
}

TEST(ConstraintLimits, LongChainsOfRulesAreFollowed) {
  std::string chain = "root ::= r0\n";
  for (int i = 0; i < 20'000; ++i) {
    chain += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + " \"x\"?\n";
  }
  EXPECT_EQ(grammar_outcome(chain + "r20000 ::= \"a\""),
            "No token of the model's vocabulary can continue the answer as its format demands.")
      << "more steps without a byte than are allowed";
  std::string tail = "root ::= r0\n";
  for (int i = 0; i < 5'000; ++i)
    tail += "r" + std::to_string(i) + " ::= \"x\"? r" + std::to_string(i + 1) + "\n";
  EXPECT_EQ(grammar_outcome(tail + "r5000 ::= \"a\""),
            "No token of the model's vocabulary can continue the answer as its format demands.")
      << "more ways to go on than are allowed";
}

/// Random sources from pieces of the notations: whatever comes, there is a constraint or an Error.
TEST(ConstraintLimits, RandomSourcesEndInAConstraintOrASentence) {
  const std::string kPieces[] = {
      "(",    ")",   "[",       "]",  "a", "b-c",   "^",    "$",     "|",  "*",  "+", "?",     "{2}", "{0,9}",
      "{3,}", "\\d", "\\u00e9", "\\", ".", "\"x\"", "root", " ::= ", "\n", "r2", " ", "<[5]>", "\"",  "#"};
  std::mt19937 random(11);
  for (int i = 0; i < 3'000; ++i) {
    std::string source = i % 2 == 0 ? "" : "root ::= ";
    for (std::size_t n = random() % 14; n > 0; --n) source += kPieces[random() % std::size(kPieces)];
    const std::string result = i % 2 == 0 ? regex_outcome(source) : grammar_outcome(source);
    EXPECT_FALSE(result.empty());
  }
  const std::string kKeywords[] = {"type",
                                   "properties",
                                   "items",
                                   "anyOf",
                                   "oneOf",
                                   "allOf",
                                   "$ref",
                                   "enum",
                                   "minimum",
                                   "pattern",
                                   "maxItems",
                                   "required",
                                   "additionalProperties",
                                   "prefixItems",
                                   "minLength"};
  const std::function<Json(int)> value = [&](int depth) -> Json {
    switch (random() % (depth > 4 ? 5 : 8)) {
      case 0:
        return "#";
      case 1:
        return static_cast<int>(random() % 5);
      case 2:
        return random() % 2 == 0;
      case 3:
        return "string";
      case 4:
        return "object";
      case 5: {
        Json array = Json::array();
        for (std::size_t n = random() % 3; n > 0; --n) array.push_back(value(depth + 1));
        return array;
      }
      default: {
        Json object = Json::object();
        for (std::size_t n = random() % 4; n > 0; --n) {
          object[kKeywords[random() % std::size(kKeywords)]] = value(depth + 1);
        }
        return object;
      }
    }
  };
  int followed = 0;
  for (int i = 0; i < 3'000; ++i) followed += schema_outcome(value(0)) == "followed" ? 1 : 0;
  EXPECT_GT(followed, 100);
}

}  // namespace
}  // namespace axllama::text
