// Recovery on the software card: whatever it does wrong, answers go on with the same tokens, or end with an
// error.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "serving/scheduler.h"
#include "serving/testing/streams.h"
#include "tests/support/random_package.h"
#include "tests/support/softcard_settings.h"
#include "tests/support/temporary_folder.h"

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using inference::TokenEvent;
using Tokens = std::vector<text::TokenId>;

/// With calls one by one (false) and given to the card at once (true).
class LaneRecovery : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    options.runtime.library = testing::software_card_library();
    options.trust.enabled = false;  // its calls would meet the faults first
    options.asynchronous = GetParam();
    use_package({});
  }
  void use_package(const testing::RandomModel& model) {
    testing::write_random_package(model, folder_);
    model_ = {"m", "digest", model::Package::open(folder_)};
  }

  static void faults(const std::string& list) {
    testing::SoftcardSettings::set(R"({"quiet":true,"faults":")" + list + R"("})");
  }

  InferenceRequest sampled(std::uint64_t seed) const {
    InferenceRequest result;
    result.model = model_;
    result.client = std::to_string(seed);
    for (std::uint64_t i = 0; i < 40 + 11 * seed; ++i) {
      result.generation.prompt.push_back(static_cast<text::TokenId>((i * (seed + 3)) % 256));
    }
    result.generation.max_tokens = 15;
    result.generation.sampling.seed = seed;
    result.generation.sampling.temperature = 1.2;
    result.generation.ignore_end_of_sequence = true;
    return result;
  }

  /// The answers of three requests at once.
  std::vector<std::vector<ResponseEvent>> answers(Scheduler& scheduler) const {
    std::vector<Stream> streams;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      streams.push_back(scheduler.submit(sampled(seed)));
    }
    std::vector<std::vector<ResponseEvent>> all;
    for (const Stream& stream : streams) {
      all.push_back(read_all(stream));
    }
    return all;
  }
  static std::vector<Tokens> tokens_of(const std::vector<std::vector<ResponseEvent>>& answers) {
    std::vector<Tokens> all;
    for (const auto& events : answers) {
      Tokens& tokens = all.emplace_back();
      for (const ResponseEvent& event : events) {
        if (const auto* token = std::get_if<TokenEvent>(&event)) {
          tokens.insert(tokens.end(), token->tokens.begin(), token->tokens.end());
        } else if (const auto* error = std::get_if<Error>(&event)) {
          ADD_FAILURE() << error->what();
        }
      }
    }
    return all;
  }

  testing::SoftcardSettings settings{R"({"quiet":true})"};
  SchedulerOptions options;

 private:
  const testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
  ModelReference model_;
};

TEST_P(LaneRecovery, AnswersGoOnWithTheSameTokens) {
  std::vector<Tokens> expected;
  {
    Scheduler scheduler(options);
    expected = tokens_of(answers(scheduler));
    ASSERT_EQ(expected[0].size(), 15U);
    EXPECT_NE(expected[0], expected[1]);
  }
  for (const char* list : {
           "execute_error:at=40",                        // a layer fails once
           "execute_error:at=40,times=3",                // ... and again and again
           "copy_error:at=90",                           // a copy
           "offline:at=50",                              // the card is gone until it is reset
           "corrupt:at=30,model=*post*,corruption=nan",  // logits that are not numbers
           "execute_error:at=3;execute_error:at=60;offline:at=100",
       }) {
    faults(list);
    Scheduler scheduler(options);
    EXPECT_EQ(tokens_of(answers(scheduler)), expected) << list;
    faults("");
  }
}

TEST_P(LaneRecovery, VectorsAreTheSameAsWithoutFailures) {
  testing::RandomModel pooled;
  pooled.returns_norm = true;
  pooled.purpose = R"(,"pooling":"mean")";
  use_package(pooled);
  const auto vectors = [&] {
    Scheduler scheduler(options);
    std::vector<Stream> streams;
    for (std::uint64_t seed = 1; seed <= 6; ++seed) {
      InferenceRequest request = sampled(seed);
      request.generation.readout.emplace();
      streams.push_back(scheduler.submit(std::move(request)));
    }
    std::vector<std::vector<float>> all;
    for (const Stream& stream : streams) {
      const std::vector<ResponseEvent> events = read_all(stream);
      const auto* last = std::get_if<TokenEvent>(&events.back());
      EXPECT_TRUE(last != nullptr && std::holds_alternative<ModelReady>(events.front()));
      all.push_back(last == nullptr ? std::vector<float>() : last->readout);
    }
    return all;
  };
  const auto expected = vectors();
  ASSERT_EQ(expected[0].size(), 64U);
  EXPECT_NE(expected[0], expected[1]);
  for (const char* list : {
           "execute_error:at=5",                         // in the midst of a text
           "execute_error:at=9,times=3",                 // ... again and again
           "copy_error:at=40",                           // a copy
           "offline:at=12",                              // the card is gone until it is reset
           "corrupt:at=1,model=*post*,corruption=noise"  // the norm's gain cannot be found out
       }) {
    faults(list);
    EXPECT_EQ(vectors(), expected) << list;
    faults("");
  }
}

TEST_P(LaneRecovery, AnEndlessFailureEndsWithTheErrorThatNamesTheCall) {
  Scheduler scheduler(options);
  answers(scheduler);
  faults("execute_error:model=*_l1_*");
  for (const auto& events : answers(scheduler)) {
    const auto* error = std::get_if<Error>(&events.back());
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->code(), ErrorCode::kDevice);
    // Of calls made at once the card does not say which failed.
    EXPECT_NE(error->message().find(GetParam() ? "Executing shape group" : "_l1_"), std::string::npos)
        << error->message();
  }
  faults("");
  EXPECT_EQ(tokens_of(answers(scheduler))[0].size(), 15U);
}

TEST_P(LaneRecovery, AHungCallIsToldAndTheCardServesAgainWhenItReturns) {
  options.call_limit = 300ms;
  faults("hang:at=30,ms=1500");
  Scheduler scheduler(options);
  bool told = false;
  for (const auto& events : answers(scheduler)) {
    const auto* error = std::get_if<Error>(&events.back());
    told = told || (error != nullptr && error->code() == ErrorCode::kUnavailable);
  }
  EXPECT_TRUE(told);
  EXPECT_FALSE(scheduler.card_status().available);
  EXPECT_TRUE(eventually([&] {
    try {
      return std::holds_alternative<TokenEvent>(read_all(scheduler.submit(sampled(1))).back());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
      return false;
    }
  }));
}

TEST_P(LaneRecovery, SeveralCardsOfOneRuntimeAllServe) {
  testing::SoftcardSettings::set(R"({"quiet":true,"devices":[1,129]})");
  Scheduler scheduler(options);
  EXPECT_TRUE(eventually([&] {
    const auto statuses = scheduler.card_statuses();
    return statuses.size() == 2 && statuses[0].available && statuses[1].available;
  }));
  EXPECT_NE(scheduler.card_statuses()[0].device_id, scheduler.card_statuses()[1].device_id);
  const std::vector<Tokens> expected = tokens_of(answers(scheduler));
  std::vector<Stream> streams;
  for (int i = 0; i < 24; ++i) {
    streams.push_back(scheduler.submit(sampled(1 + static_cast<std::uint64_t>(i) % 3)));
  }
  for (std::size_t i = 0; i < streams.size(); ++i) {
    EXPECT_EQ(tokens_of({read_all(streams[i])})[0], expected[i % 3]);
  }
  EXPECT_EQ(scheduler.loaded().size(), 2U);  // the model is on both
}

INSTANTIATE_TEST_SUITE_P(Calls, LaneRecovery, ::testing::Bool(),
                         [](const auto& instance) { return instance.param ? "AtOnce" : "OneByOne"; });

}  // namespace
}  // namespace axllama::serving
