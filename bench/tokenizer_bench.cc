// Loading and encoding with a vocabulary as large as Qwen3's (151,936 tokens), which is made up here:
// pseudo-words of syllables, with merges from left to right. Run with --benchmark_counters_tabular=true.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "text/tokenizer/byte_level.h"
#include "text/tokenizer/streaming_detokenizer.h"
#include "text/tokenizer/tokenizer.h"

namespace {

using axllama::text::TokenId;
using axllama::text::Tokenizer;

constexpr std::size_t kVocabulary = 151'643;  // before 293 added tokens
constexpr std::size_t kAdded = 293;
constexpr std::size_t kTextBytes = 4'000'000;
constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// A tokenizer.json and a text for it, the same every time.
class Fixture {
 public:
  static const Fixture& instance() {
    static const Fixture fixture;
    return fixture;
  }

  const std::filesystem::path& file() const { return file_; }
  const std::string& text() const { return text_; }
  std::shared_ptr<const Tokenizer> tokenizer() const { return tokenizer_; }

 private:
  Fixture() {
    make_words();
    write_file();
    make_text();
    tokenizer_ = Tokenizer::load_file(file_);
  }
  ~Fixture() {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
  }

  void make_words() {
    constexpr std::array<const char*, 24> kSyllables = {
        "ta", "ri", "no",  "el", "sha", "ment", "con",  "er", "ing", "pro", "de", "li",
        "st", "ou", "ver", "an", "qui", "mo",   "tion", "be", "ka",  "tr",  "fi", "us"};
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const char text = static_cast<char>(byte);
      add_token(axllama::text::to_byte_level({&text, 1}));
    }
    while (tokens_.size() < kVocabulary) {
      std::string word = random_() % 4 == 0 ? "" : "\u0120";  // most words come after a space
      for (std::size_t i = 1 + random_() % 4; i > 0; --i) word += kSyllables[random_() % kSyllables.size()];
      std::string left;
      std::size_t at = 0;
      while (at < word.size() && tokens_.size() < kVocabulary) {
        const std::size_t length = static_cast<unsigned char>(word[at]) < 0x80 ? 1 : 2;
        const std::string right = word.substr(at, length);
        at += length;
        if (left.empty()) {
          left = right;
          continue;
        }
        if (ids_.find(left + right) == ids_.end()) {
          merges_.push_back({left, right});
          add_token(left + right);
        }
        left += right;
      }
      words_.push_back(word);
    }
  }

  void add_token(const std::string& token) {
    ids_.emplace(token, tokens_.size());
    tokens_.push_back(token);
  }

  void write_file() {
    using nlohmann::json;
    json document = {
        {"version", "1.0"},
        {"normalizer", {{"type", "NFC"}}},
        {"pre_tokenizer",
         {{"type", "Sequence"},
          {"pretokenizers",
           {{{"type", "Split"}, {"pattern", {{"Regex", kQwen2Pattern}}}, {"behavior", "Isolated"}},
            {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}}},
        {"decoder", {{"type", "ByteLevel"}}}};
    for (std::size_t i = 0; i < kAdded; ++i) {
      document["added_tokens"].push_back(
          {{"id", kVocabulary + i}, {"content", "<|added_" + std::to_string(i) + "|>"}, {"special", true}});
    }
    json& model = document["model"] = {{"type", "BPE"}};
    for (const auto& [token, id] : ids_) model["vocab"][token] = id;
    for (const auto& [left, right] : merges_) model["merges"].push_back(left + " " + right);
    file_ = std::filesystem::temp_directory_path() /
            ("axllama_tokenizer_bench_" + std::to_string(::getpid()) + ".json");
    std::ofstream(file_) << document.dump(1);
  }

  void make_text() {
    std::uniform_real_distribution<double> unit(0.0, 1.0);
    while (text_.size() < kTextBytes) {
      // Zipf's law, roughly: rank r with a frequency of 1 / r.
      const auto rank = static_cast<std::size_t>(std::pow(static_cast<double>(words_.size()), unit(random_)));
      const std::string& word = words_[std::min(rank, words_.size()) - 1];
      text_ += *axllama::text::from_byte_level(word);
      switch (random_() % 12) {
        case 0:
          text_ += ", ";
          break;
        case 1:
          text_ += ".\n";
          break;
        case 2:
          text_ += " " + std::to_string(random_() % 2000);
          break;
        default:
          break;
      }
    }
  }

  std::mt19937 random_{1};
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, std::size_t> ids_;
  std::vector<std::pair<std::string, std::string>> merges_;
  std::vector<std::string> words_;
  std::filesystem::path file_;
  std::string text_;
  std::shared_ptr<const Tokenizer> tokenizer_;
};

void count_bytes(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes));
}

void load_vocabulary(benchmark::State& state) {
  const Fixture& fixture = Fixture::instance();
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(Tokenizer::load_file(fixture.file()));
  count_bytes(state, std::filesystem::file_size(fixture.file()));
}

void encode_text(benchmark::State& state) {
  const Fixture& fixture = Fixture::instance();
  std::size_t tokens = 0;
  for ([[maybe_unused]] auto _ : state) tokens = fixture.tokenizer()->encode(fixture.text()).size();
  count_bytes(state, fixture.text().size());
  state.counters["bytes/token"] = static_cast<double>(fixture.text().size()) / static_cast<double>(tokens);
}

/// Text of which no word is known: every piece is merged anew.
void encode_unknown_words(benchmark::State& state) {
  const Fixture& fixture = Fixture::instance();
  std::mt19937 random(2);
  std::string text;
  while (text.size() < kTextBytes) {
    for (std::size_t i = 3 + random() % 9; i > 0; --i) text.push_back(static_cast<char>('a' + random() % 26));
    text.push_back(' ');
  }
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(fixture.tokenizer()->encode(text));
  count_bytes(state, text.size());
}

void encode_one_letter(benchmark::State& state) {
  const Fixture& fixture = Fixture::instance();
  const std::string text(1'000'000, 'a');
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(fixture.tokenizer()->encode(text));
  count_bytes(state, text.size());
}

void stream_tokens(benchmark::State& state) {
  const Fixture& fixture = Fixture::instance();
  const std::vector<TokenId> ids = fixture.tokenizer()->encode(fixture.text());
  axllama::text::StreamingDetokenizer detokenizer(fixture.tokenizer());
  for ([[maybe_unused]] auto _ : state) {
    for (const TokenId id : ids) benchmark::DoNotOptimize(detokenizer.push(id));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(ids.size()));
}

BENCHMARK(load_vocabulary)->Unit(benchmark::kMillisecond);
BENCHMARK(encode_text)->Unit(benchmark::kMillisecond);
BENCHMARK(encode_unknown_words)->Unit(benchmark::kMillisecond);
BENCHMARK(encode_one_letter)->Unit(benchmark::kMillisecond);
BENCHMARK(stream_tokens)->Unit(benchmark::kMillisecond);

}  // namespace
