// The scheduler over the software card, with models of random weights.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "serving/scheduler.h"
#include "serving/testing/streams.h"
#include "tests/paths.h"
#include "tests/support/random_package.h"
#include "tests/support/softcard_settings.h"
#include "tests/support/temporary_folder.h"

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using inference::TokenEvent;

class SchedulerOnCard : public ::testing::Test {
 protected:
  void SetUp() override {
    options.runtime.library = std::filesystem::path(AXLLAMA_BINARY_DIR) / "lib/softcard/libaxcl_rt.so";
  }

  ModelReference make_model(const std::string& name, std::uint64_t seed) {
    testing::RandomModel model;
    model.seed = seed;
    return make_model(name, model);
  }
  ModelReference make_model(const std::string& name, const testing::RandomModel& model) {
    const std::filesystem::path folder = folder_ / name;
    testing::write_random_package(model, folder);
    return {name, "digest of " + name, model::Package::open(folder)};
  }

  static InferenceRequest request(const ModelReference& model, int tokens) {
    InferenceRequest result;
    result.model = model;
    for (int i = 0; i < 100; ++i) {
      result.generation.prompt.push_back(i);
    }
    result.generation.max_tokens = tokens;
    result.generation.sampling.temperature = 0;
    result.generation.ignore_end_of_sequence = true;
    return result;
  }

  static std::vector<text::TokenId> answer(Scheduler& scheduler, const InferenceRequest& request,
                                           TokenEvent* last) {
    const auto stream = scheduler.submit(request);
    std::vector<text::TokenId> tokens;
    while (true) {
      const auto event = stream->next(30s);
      if (!event || std::holds_alternative<Error>(*event)) {
        ADD_FAILURE() << (event ? std::get<Error>(*event).message() : "no event within 30 s");
        return tokens;
      }
      if (const auto* token = std::get_if<TokenEvent>(&*event)) {
        tokens.insert(tokens.end(), token->tokens.begin(), token->tokens.end());
        if (token->done) {
          *last = *token;
          return tokens;
        }
      }
    }
  }

  SchedulerOptions options;

 private:
  const testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

TEST_F(SchedulerOnCard, KeepsTwoModelsApart) {
  const ModelReference a = make_model("a", 1);
  const ModelReference b = make_model("b", 2);
  Scheduler scheduler(options);
  EXPECT_TRUE(scheduler.card_status().available);
  EXPECT_TRUE(scheduler.card_status().software_card);
  TokenEvent last;
  const auto from_a = answer(scheduler, request(a, 20), &last);
  EXPECT_EQ(from_a.size(), 20U);
  EXPECT_EQ(last.stats.cached_prompt_tokens, 0U);
  const auto from_b = answer(scheduler, request(b, 20), &last);
  EXPECT_NE(from_a, from_b);
  EXPECT_EQ(answer(scheduler, request(a, 20), &last), from_a);
  EXPECT_EQ(last.stats.cached_prompt_tokens, 99U);
  EXPECT_EQ(scheduler.loaded().size(), 2U);
  EXPECT_GT(scheduler.loaded()[0].card_bytes, 0U);
  EXPECT_EQ(scheduler.loaded()[0].context_length, 256U);
  EXPECT_EQ(scheduler.loaded()[0].layers_total, 3U);
}

TEST_F(SchedulerOnCard, TellsAPromptThatIsTooLong) {
  const ModelReference a = make_model("a", 1);
  Scheduler scheduler(options);
  InferenceRequest long_one = request(a, 1);
  long_one.generation.prompt.resize(300, 1);
  const auto stream = scheduler.submit(long_one);
  EXPECT_TRUE(std::holds_alternative<ModelReady>(stream->next(30s).value()));
  const auto event = stream->next(30s);
  EXPECT_EQ(std::get<Error>(event.value()).code(), ErrorCode::kInvalidArgument);
  TokenEvent last;
  EXPECT_EQ(answer(scheduler, request(a, 3), &last).size(), 3U);
}

TEST_F(SchedulerOnCard, OpensTheCardAgainAfterTheEndOfAnotherScheduler) {
  const ModelReference a = make_model("a", 1);
  TokenEvent last;
  std::vector<text::TokenId> first;
  {
    Scheduler scheduler(options);
    first = answer(scheduler, request(a, 10), &last);
  }
  Scheduler scheduler(options);
  EXPECT_EQ(answer(scheduler, request(a, 10), &last), first);
  EXPECT_EQ(last.stats.cached_prompt_tokens, 0U);
}

/// Where fewer KV slots fit than were wanted, all are answered, in those that fit.
TEST_F(SchedulerOnCard, RequestsTakeTurnsInTheSlotsThatFit) {
  constexpr std::size_t kWanted = 3;
  constexpr std::uint64_t kMiB = 1U << 20U;
  testing::RandomModel large;  // its slots take more than a MiB, the unit of the card's memory
  large.kv_heads = 4;
  large.head_dim = 64;
  large.context = 1024;
  const ModelReference model = make_model("a", large);
  options.trust.enabled = false;
  options.kv_slots = kWanted;
  std::vector<InferenceRequest> requests;
  for (std::size_t i = 0; i < kWanted; ++i) {
    requests.push_back(request(model, 100));
    requests.back().client = std::to_string(i);
    requests.back().generation.prompt.resize(60 + 10 * i);
    requests.back().generation.prompt.front() = static_cast<text::TokenId>(100 + i);
  }
  const auto at_once = [&](Scheduler& scheduler) {
    std::vector<Stream> streams;
    for (const InferenceRequest& one : requests) {
      streams.push_back(scheduler.submit(one));
    }
    std::vector<std::string> texts;
    for (const Stream& stream : streams) {
      texts.push_back(text_of(read_all(stream)));
    }
    return texts;
  };
  std::vector<std::string> alone;
  std::uint64_t one_slot = 0;
  std::uint64_t all_slots = 0;
  {
    Scheduler scheduler(options);
    alone.push_back(text_of(read_all(scheduler.submit(requests[0]))));
    one_slot = scheduler.loaded().at(0).card_bytes;
    scheduler.reset_caches();
    for (std::size_t i = 1; i < kWanted; ++i) {
      alone.push_back(text_of(read_all(scheduler.submit(requests[i]))));
    }
    EXPECT_EQ(at_once(scheduler), alone);
    all_slots = scheduler.loaded().at(0).card_bytes;
  }
  const std::uint64_t slot = (all_slots - one_slot) / (kWanted - 1);
  ASSERT_GT(slot, 2 * kMiB);
  const testing::SoftcardSettings settings(R"({"quiet":true,"cmm_mib":)" +
                                           std::to_string((one_slot + slot + slot / 2) / kMiB) + "}");
  Scheduler scheduler(options);
  EXPECT_EQ(at_once(scheduler), alone);
  EXPECT_EQ(scheduler.loaded().at(0).card_bytes, one_slot + slot);
  EXPECT_EQ(at_once(scheduler), alone);
  EXPECT_EQ(scheduler.loaded().at(0).card_bytes, one_slot + slot);
}

TEST_F(SchedulerOnCard, SaysThatTheRuntimeIsMissing) {
  options.runtime.library = "/nowhere/libaxcl_rt.so";
  Scheduler scheduler(options);
  EXPECT_FALSE(scheduler.card_status().available);
  EXPECT_NE(scheduler.card_status().problem.find("/nowhere/libaxcl_rt.so"), std::string::npos)
      << scheduler.card_status().problem;
  try {
    scheduler.submit(request(make_model("a", 1), 1));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  }
}

}  // namespace
}  // namespace axllama::serving
