// What guessing tokens brings, by task: answers that are written down here, at the costs of Qwen3-4B (8-bit
// weights) on a card in a Raspberry Pi 5 as they are published. Nothing runs on a card: tokens are about
// words, the answers are those of bench/tasks, and time is counted in the costs below (bench/speculation.sh
// has the software card compute them). Counters: tokens a second without and with guesses, and how many
// guessed tokens came true.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <benchmark/benchmark.h>

#include "inference/answer_account.h"
#include "inference/draft_policy.h"
#include "inference/drafter.h"
#include "inference/random.h"
#include "inference/speculation.h"
#include "tests/paths.h"

namespace axllama::inference {
namespace {

constexpr double kLayer = 0.0060;  // s, one decode step
constexpr double kChunk = 0.0111;  // s, 128 rows
constexpr double kHead = 0.020;    // s, a row
constexpr double kCall = 0.00012;  // s, a remote call on a Raspberry Pi 5
constexpr std::size_t kLayers = 36;
constexpr std::size_t kChunkCalls = 3 + 3 * kLayers;  // three uploads; an execution and two copies a layer
constexpr SpeculationCosts kCosts{kLayers * (kLayer + kCall) + 3 * kCall,
                                  kLayers* kChunk + kChunkCalls* kCall};
constexpr double kHeadRow = kHead + 2 * kCall;
constexpr std::size_t kLongest = 16;  // tokens of a draft

/// A file of bench/tasks.
std::string task_text(const std::string& name) {
  std::ifstream file(AXLLAMA_SOURCE_DIR "/bench/tasks/" + name + ".txt", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// About the tokens of a large vocabulary: a word with the blank before it, a digit, a mark, a line's
/// beginning.
class Words {
 public:
  std::vector<text::TokenId> tokens(std::string_view text) {
    std::vector<text::TokenId> found;
    for (std::size_t i = 0; i < text.size();) {
      std::size_t end = i + 1;
      const bool blank = text[i] == ' ' && end < text.size() && is_letter(text[end]);
      if (blank || is_letter(text[i])) {
        while (end < text.size() && is_letter(text[end])) ++end;
      } else if (text[i] == '\n' || text[i] == ' ') {
        while (end < text.size() && text[end] == ' ') ++end;
      }
      const auto next = static_cast<text::TokenId>(ids_.size());
      found.push_back(ids_.try_emplace(std::string(text.substr(i, end - i)), next).first->second);
      i = end;
    }
    return found;
  }

 private:
  static bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

  std::unordered_map<std::string, text::TokenId> ids_;
};

void speculate(benchmark::State& state, const std::string& task) {
  Words words;
  const std::vector<text::TokenId> prompt = words.tokens(task_text(task + ".prompt"));
  const std::vector<text::TokenId> answer = words.tokens(task_text(task + ".answer"));
  double seconds = 0;
  double guessed = 0;
  double accepted = 0;
  for (auto _ : state) {
    Drafter drafter;
    Speculation policy;  // a server that has just started
    AnswerAccount account;
    for (const text::TokenId token : prompt) drafter.accept(token);
    seconds = guessed = accepted = 0;
    for (std::size_t done = 0; done < answer.size();) {
      const Draft draft = drafter.propose(policy.draft_length());
      std::size_t agreed = 0;
      if (policy.worth_trying(draft.match, kCosts, account)) {
        while (agreed < draft.tokens.size() && done + agreed + 1 < answer.size() &&
               draft.tokens[agreed] == answer[done + agreed]) {
          ++agreed;
        }
        policy.tried(draft.match, draft.tokens.size(), agreed, kCosts.chunk, kCosts);
        account.add(static_cast<double>(agreed + 1) * kCosts.decode - kCosts.chunk);
        seconds += kCosts.chunk;
        guessed += static_cast<double>(draft.tokens.size());
        accepted += static_cast<double>(agreed);
      } else {
        policy.decoded(kCosts);
        account.decoded(kCosts);
        seconds += kCosts.decode;
      }
      for (std::size_t i = 0; i <= agreed; ++i) drafter.accept(answer[done + i]);
      seconds += kHeadRow * static_cast<double>(agreed + 1);
      done += agreed + 1;
    }
  }
  const auto count = static_cast<double>(answer.size());
  state.counters["tokens"] = count;
  state.counters["plain_tokens_per_s"] = 1 / (kCosts.decode + kHeadRow);
  state.counters["tokens_per_s"] = count / seconds;
  state.counters["guessed"] = guessed;
  state.counters["came_true"] = accepted;
}

BENCHMARK_CAPTURE(speculate, code_edit, "code_edit");
BENCHMARK_CAPTURE(speculate, summary_with_quotes, "summary_with_quotes");
BENCHMARK_CAPTURE(speculate, json_echo, "json_echo");
BENCHMARK_CAPTURE(speculate, chat, "chat");

/// A draft model of the shape of Qwen3-0.6B (28 layers of 1.5 ms, head 8 ms) behind a prompt of 256 tokens, a
/// share of whose tokens comes true, in percent; no text repeats itself.
constexpr double kDraftToken = 28 * 0.0015 + 0.0079 + (28 + 5) * kCall;
constexpr double kDraftChunk = 28 * (0.0028 + 3 * kCall);
constexpr std::size_t kDraftPrompt = 256;  // tokens
constexpr std::size_t kChunkRows = 128;

/// What reading so many tokens costs.
double reading(std::size_t tokens) {
  const std::size_t chunks = (tokens + kChunkRows - 1) / kChunkRows;
  return std::min(static_cast<double>(tokens) * kDraftToken, static_cast<double>(chunks) * kDraftChunk);
}

constexpr std::size_t kDraftedAnswer = 400;  // tokens

struct DraftedAnswer {
  double seconds = 0;
  double drafted = 0;
  double accepted = 0;
};

DraftedAnswer draft_answer(DraftPolicy& policy, double share, std::uint64_t seed) {
  AnswerAccount account;
  Random random(seed);
  std::size_t missed = kDraftPrompt;
  DraftedAnswer result;
  for (std::size_t done = 0; done < kDraftedAnswer;) {
    const std::size_t rest = kDraftedAnswer - done;
    const std::size_t count = policy.length(std::min<std::size_t>(kLongest, rest - 1), rest, kCosts,
                                            {reading(missed), kDraftToken}, account);
    std::size_t agreed = 0;
    if (count > 0) {
      policy.caught_up(reading(missed));
      account.add(-reading(missed));
      result.seconds += reading(missed);
      missed = 0;
      while (agreed < count && random.uniform() < share) ++agreed;
      const double drafting = static_cast<double>(count) * kDraftToken;
      policy.tried({count, agreed, false, kCosts.chunk, drafting}, kCosts);
      account.add(static_cast<double>(agreed + 1) * kCosts.decode - kCosts.chunk - drafting);
      result.seconds += kCosts.chunk + drafting;
      result.drafted += static_cast<double>(count);
      result.accepted += static_cast<double>(agreed);
    } else {
      policy.decoded(kCosts);
      account.decoded(kCosts);
      result.seconds += kCosts.decode;
      ++missed;
    }
    result.seconds += kHeadRow * static_cast<double>(agreed + 1);
    done += agreed + 1;
  }
  return result;
}

/// Of a server that has just started: its first answer, or the one after so many others.
void draft(benchmark::State& state) {
  const double share = static_cast<double>(state.range(0)) / 100;
  const auto before = static_cast<std::uint64_t>(state.range(1));
  DraftedAnswer answer;
  for (auto _ : state) {
    DraftPolicy policy;
    for (std::uint64_t i = 0; i <= before; ++i) answer = draft_answer(policy, share, i + 1);
  }
  state.counters["tokens"] = kDraftedAnswer;
  state.counters["plain_tokens_per_s"] = 1 / (kCosts.decode + kHeadRow);
  state.counters["tokens_per_s"] = kDraftedAnswer / answer.seconds;
  state.counters["drafted"] = answer.drafted;
  state.counters["came_true"] = answer.accepted;
}

BENCHMARK(draft)->ArgNames({"share", "before"})->ArgsProduct({{0, 50, 60, 70, 80, 90, 100}, {0, 3}});

}  // namespace
}  // namespace axllama::inference
