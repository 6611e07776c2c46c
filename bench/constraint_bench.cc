// What a constraint costs with a vocabulary as large as Qwen3's (151,936 tokens), which is made up here:
// words of several scripts, numbers, marks of code and JSON, parts of characters. Answers are random walks
// through the masks. Times are medians over the tokens of an answer; p99 shows the masks that had to be
// computed.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <ctime>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "text/constraint/compile.h"
#include "text/constraint/json_schema_grammar.h"
#include "text/constraint/token_vocabulary.h"
#include "text/tokenizer/byte_level.h"
#include "text/tokenizer/tokenizer.h"
#include "text/tokenizer/tokenizer_data.h"

namespace {

using namespace axllama::text;
using Json = nlohmann::ordered_json;

/// Time of this thread alone: what else the machine does is not the constraint's.
double microseconds_now() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

constexpr std::size_t kVocabulary = 151'643;  // before the control tokens
constexpr std::size_t kControlTokens = 293;

class VocabularyMaker {
 public:
  std::shared_ptr<const Tokenizer> make() {
    for (int byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
    add_marks();
    add_character_parts();
    while (order_.size() < kVocabulary) add(word());
    TokenizerParts parts;
    parts.source = "benchmark";
    for (std::size_t i = 0; i < order_.size(); ++i) {
      parts.vocabulary.emplace_back(to_byte_level(order_[i]), static_cast<TokenId>(i));
    }
    for (std::size_t i = 0; i < kControlTokens; ++i) {
      AddedToken token;
      token.content = "<|control_" + std::to_string(i) + "|>";
      token.id = static_cast<TokenId>(kVocabulary + i);
      token.special = true;
      parts.added_tokens.push_back(token);
    }
    parts.eos = {static_cast<TokenId>(kVocabulary)};
    return std::make_shared<const Tokenizer>(assemble(std::move(parts)));
  }

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  void add(const std::string& token) {
    if (order_.size() < kVocabulary && known_.insert(token).second) order_.push_back(token);
  }

  /// Runs of marks as in code and JSON: some 12,000, about as many as in real vocabularies.
  void add_marks() {
    static constexpr std::array<const char*, 30> kMarks = {
        "\"", "\":", "\",", "{", "}", "[", "]", ",", ":", "(", ")", ";",  "\\", "/",   "<",
        ">",  "=",   "'",   ".", "-", "_", "*", "#", "!", "?", " ", "\n", "\t", "\\n", "\\\""};
    for (int i = 0; i < 11'000; ++i) {
      std::string token;
      for (std::uint32_t n = 1 + below(3); n > 0; --n) token += kMarks[below(kMarks.size())];
      add(token);
    }
    for (std::size_t n = 1; n <= 80; ++n) {
      add(std::string(n, ' '));
      add("\n" + std::string(n, ' '));
      add("\n" + std::string(n, '\t'));
    }
  }

  /// Beginnings and ends of characters that were never joined.
  void add_character_parts() {
    for (int i = 0; i < 1'500; ++i) {
      std::string token = below(2) == 0 ? " " : "";
      token += {static_cast<char>(0xE3 + below(7)), static_cast<char>(0x80 + below(64))};
      add(token);
      add({static_cast<char>(0x80 + below(64)), static_cast<char>(0xE4 + below(5))});
    }
  }

  std::string word() {
    static constexpr std::array<const char*, 24> kSyllables = {
        "ta", "ri", "no",  "el", "sha", "ment", "con",  "er", "ing", "pro", "de", "li",
        "st", "ou", "ver", "an", "qui", "mo",   "tion", "be", "ka",  "tr",  "fi", "us"};
    std::string text = below(3) == 0 ? "" : " ";
    const std::uint32_t kind = below(20);
    const auto wide = [&](char32_t first, std::uint32_t count) {
      for (std::uint32_t n = 1 + below(4); n > 0; --n) axllama::base::append_utf8(text, first + below(count));
    };
    if (kind < 3) {
      wide(0x4E00, 6000);
    } else if (kind == 3) {
      wide(0x430, 32);
    } else if (kind == 4) {
      wide(0xAC00, 4000);
    } else {
      for (std::uint32_t n = 1 + below(4); n > 0; --n) text += kSyllables[below(kSyllables.size())];
      if (kind == 5 && text.front() != ' ') text.front() = static_cast<char>(text.front() - 'a' + 'A');
      if (kind == 6) text += std::array<const char*, 6>{"\"", "(", "'s", ".", "_", "\":"}[below(6)];
    }
    return text;
  }

  std::mt19937 random_{1};
  std::set<std::string> known_;
  std::vector<std::string> order_;
};

const std::shared_ptr<const Tokenizer>& tokenizer() {
  static const std::shared_ptr<const Tokenizer> tokenizer = VocabularyMaker().make();
  return tokenizer;
}

/// A schema of about 200 lines when it is printed with indentation.
const Json& schema() {
  static const Json schema = [] {
    Json person = Json::parse(R"({"type": "object", "required": ["name", "email", "born"], "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 60}, "email": {"type": "string", "format": "email"},
        "born": {"type": "string", "format": "date"}, "age": {"type": "integer", "minimum": 0, "maximum": 130},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
        "friends": {"type": "array", "items": {"$ref": "#/$defs/person"}, "maxItems": 2}}})");
    Json root = {{"$defs", {{"person", person}}}, {"type", "object"}};
    for (int i = 0; i < 14; ++i) {
      Json& part = root["properties"]["part_" + std::to_string(i)];
      part = Json::parse(R"({"type": "object", "properties": {"title": {"type": "string"},
          "state": {"enum": ["open", "closed", "waiting"]}, "weight": {"type": "number", "minimum": 0},
          "owner": {"$ref": "#/$defs/person"}}, "required": ["title", "state"]})");
      root["required"].push_back("part_" + std::to_string(i));
    }
    return root;
  }();
  return schema;
}

std::shared_ptr<const Constraint> fresh(const Json& of) {
  Grammar grammar;
  const Grammar::Node root = add_json_schema(grammar, of);
  return compile(std::move(grammar), root, tokenizer());
}

/// A token of the mask; now and then one that closes a string, so that answers end.
TokenId choose(TokenSet allowed, std::mt19937& random) {
  std::vector<TokenId> all;
  std::vector<TokenId> closing;
  for (std::size_t word = 0; word < allowed.size(); ++word) {
    for (std::uint64_t rest = allowed[word]; rest != 0; rest &= rest - 1) {
      const auto token = static_cast<TokenId>(word * 64 + static_cast<std::size_t>(std::countr_zero(rest)));
      all.push_back(token);
      const std::string_view piece = tokenizer()->piece(token);
      if (token == tokenizer()->eos().front() || piece.find_first_of("\"]}") != std::string_view::npos) {
        closing.push_back(token);
      }
    }
  }
  const std::vector<TokenId>& from = !closing.empty() && random() % 8 == 0 ? closing : all;
  return from[random() % from.size()];
}

/// Answers under `constraint`, of which each token's mask and step are timed.
void walk(const Constraint& constraint, std::mt19937& random, std::vector<double>& microseconds) {
  const auto state = constraint.start();
  for (int i = 0; i < 600; ++i) {
    const double begin = microseconds_now();
    const TokenSet allowed = state->allowed();
    const double masked = microseconds_now();
    const TokenId token = choose(allowed, random);
    const double chosen = microseconds_now();
    if (token == tokenizer()->eos().front()) return;
    state->accept(token);
    microseconds.push_back(masked - begin + microseconds_now() - chosen);
  }
}

void report(benchmark::State& state, std::vector<double>& microseconds) {
  std::sort(microseconds.begin(), microseconds.end());
  const auto at = [&](double part) {
    return microseconds[static_cast<std::size_t>(part * static_cast<double>(microseconds.size() - 1))];
  };
  state.counters["median_us"] = at(0.5);
  state.counters["p90_us"] = at(0.9);
  state.counters["p99_us"] = at(0.99);
  state.counters["max_us"] = at(1);
  state.counters["tokens"] = static_cast<double>(microseconds.size());
}

/// A constraint that nobody has used yet: every state of the answer is met for the first time.
void mask_first_answer(benchmark::State& state, const Json& of) {
  std::mt19937 random(2);
  std::vector<double> microseconds;
  (void)fresh(of);  // the vocabulary is made once per tokenizer
  for ([[maybe_unused]] auto _ : state) walk(*fresh(of), random, microseconds);
  report(state, microseconds);
}

/// A constraint that other answers have used.
void mask_later_answers(benchmark::State& state, const Json& of) {
  std::mt19937 random(2);
  std::vector<double> microseconds;
  const auto constraint = fresh(of);
  for (int i = 0; i < 3; ++i) walk(*constraint, random, microseconds);
  microseconds.clear();
  for ([[maybe_unused]] auto _ : state) walk(*constraint, random, microseconds);
  report(state, microseconds);
}

void compile_schema(benchmark::State& state) {
  (void)fresh(schema());
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(fresh(schema()));
  state.counters["lines"] = static_cast<double>(std::ranges::count(schema().dump(2), '\n') + 1);
}

void make_vocabulary(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    const TokenVocabulary vocabulary(*tokenizer());
    benchmark::DoNotOptimize(vocabulary.words());
  }
}

BENCHMARK_CAPTURE(mask_first_answer, schema, schema())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mask_later_answers, schema, schema())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mask_first_answer, any_json, Json(true))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mask_later_answers, any_json, Json(true))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(mask_first_answer, short_string, Json{{"type", "string"}, {"maxLength", 40}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(compile_schema)->Unit(benchmark::kMillisecond);
BENCHMARK(make_vocabulary)->Unit(benchmark::kMillisecond);

}  // namespace
