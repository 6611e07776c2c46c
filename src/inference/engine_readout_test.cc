// What is read out of prompts on the software card: embeddings and logits of given tokens.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/safetensors.h"
#include "inference/engine_inspection.h"
#include "inference/testing/loaded_engine.h"
#include "tests/support/softcard_settings.h"

namespace axllama::inference {
namespace {

using base::Bf16;
using base::Error;
using base::ErrorCode;
using testing::RandomModel;
using text::TokenId;
using Tokens = std::vector<TokenId>;
using Vector = std::vector<float>;

RandomModel model_of(model::Pooling pooling, bool returns_norm = true) {
  RandomModel model;
  model.returns_norm = returns_norm;
  model.purpose = pooling == model::Pooling::kMean ? R"(,"pooling":"mean")" : "";
  return model;
}

GenerationRequest embedding_of(Tokens prompt) {
  GenerationRequest request;
  request.prompt = std::move(prompt);
  request.readout.emplace();
  return request;
}

TokenEvent finish(Engine::Generation& generation) {
  while (true) {
    TokenEvent event = generation.step();
    EXPECT_EQ(event.readout.empty(), !event.done);
    if (event.done) {
      return event;
    }
  }
}

Vector embed(Engine& engine, const Tokens& prompt) {
  return finish(*engine.start(embedding_of(prompt))).readout;
}

/// A tensor of the head's file, as float.
Vector head_tensor(const TestPackage& package, const std::string& name) {
  const base::SafetensorsFile file(package.model().head_file(package.folder()));
  const base::SafetensorsView& view = file.tensor(name);
  Vector values(view.data.size() / base::safetensors_dtype_size(view.dtype));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (view.dtype == "F32") {
      std::memcpy(&values[i], view.data.data() + i * sizeof(float), sizeof(float));
    } else {
      Bf16 bits = 0;
      std::memcpy(&bits, view.data.data() + i * sizeof(Bf16), sizeof(Bf16));
      values[i] = base::bf16_to_f32(bits);
    }
  }
  return values;
}

/// The rows of logits that the head makes of a prompt, as float64.
std::vector<std::vector<double>> all_logits(Engine& engine, const Tokens& prompt) {
  std::vector<std::vector<double>> rows;
  engine.reset_cache();
  engine.evaluate(prompt, [&](std::size_t, std::span<const Bf16> logits) {
    std::vector<double>& row = rows.emplace_back();
    for (const Bf16 logit : logits) {
      row.push_back(base::bf16_to_f32(logit));
    }
  });
  engine.reset_cache();
  return rows;
}

/// Logits are lm_head times the hidden state behind the norm, so they tell what that must be; and the mean of
/// the logits belongs to the mean of the states.
void expect_logits(const TestPackage& package, const Vector& state, const std::vector<double>& logits) {
  const Vector head = head_tensor(package, "lm_head");
  ASSERT_EQ(state.size(), package.model().hidden);
  ASSERT_EQ(head.size(), state.size() * logits.size());
  for (std::size_t token = 0; token < logits.size(); ++token) {
    double logit = 0;
    for (std::size_t i = 0; i < state.size(); ++i) {
      logit += static_cast<double>(head[token * state.size() + i]) * static_cast<double>(state[i]);
    }
    EXPECT_NEAR(logit, logits[token], 0.1) << token;  // half a bf16 step of 32, and the gain's rounding
  }
}

TEST(EngineReadout, TheLastStateIsWhatTheHeadReads) {
  const Loaded loaded(model_of(model::Pooling::kLast));
  for (const std::size_t length : {1U, 2U, 63U, 64U, 65U, 200U, 256U}) {
    const Tokens prompt = random_tokens(length, length);
    const std::vector<double> logits = all_logits(*loaded.engine, prompt).back();
    expect_logits(loaded.package, embed(*loaded.engine, prompt), logits);
  }
}

TEST(EngineReadout, TheMeanIsThatOfAllStates) {
  const Loaded loaded(model_of(model::Pooling::kMean));
  for (const std::size_t length : {1U, 2U, 64U, 100U, 256U}) {
    const Tokens prompt = random_tokens(length, length);
    const auto rows = all_logits(*loaded.engine, prompt);
    std::vector<double> mean(rows.front().size());
    for (const std::vector<double>& row : rows) {
      for (std::size_t i = 0; i < mean.size(); ++i) {
        mean[i] += row[i] / static_cast<double>(rows.size());
      }
    }
    expect_logits(loaded.package, embed(*loaded.engine, prompt), mean);
  }
}

TEST(EngineReadout, DoesNotDependOnHowThePromptIsCut) {
  for (const model::Pooling pooling : {model::Pooling::kLast, model::Pooling::kMean}) {
    const Loaded loaded(model_of(pooling));
    EngineInspection inspection(*loaded.engine);
    Random random(3);
    for (const std::size_t length : {5U, 64U, 130U, 256U}) {
      const Tokens prompt = random_tokens(length, length);
      loaded.engine->reset_cache();
      const Vector whole = embed(*loaded.engine, prompt);
      for (int cut = 0; cut < 4; ++cut) {
        inspection.set_planner([&](std::size_t cached, std::size_t remaining) {
          const auto& groups = inspection.prefill_groups();
          const bool decode = cut == 0 || random.next() % 3 == 0;
          for (std::size_t group = 0; !decode && group < groups.size(); ++group) {
            if (groups[group].history >= cached) {
              return PrefillStep{group, 1 + random.next() % std::min(groups[group].rows, remaining)};
            }
          }
          return PrefillStep{};
        });
        loaded.engine->reset_cache();
        EXPECT_EQ(embed(*loaded.engine, prompt), whole) << length << " tokens, cut " << cut;
      }
      inspection.set_planner([&](std::size_t cached, std::size_t remaining) {
        return next_prefill_step(inspection.prefill_groups(), inspection.costs().costs(), cached, remaining);
      });
    }
  }
}

TEST(EngineReadout, TheLastStateTakesCachedBeginningsAndAMeanDoesNot) {
  for (const model::Pooling pooling : {model::Pooling::kLast, model::Pooling::kMean}) {
    const Loaded loaded(model_of(pooling), {.kv_slots = 1});
    const Tokens prompt = random_tokens(150, 1);
    const Vector first = embed(*loaded.engine, prompt);
    const TokenEvent again = finish(*loaded.engine->start(embedding_of(prompt)));
    EXPECT_EQ(again.stats.prompt_tokens, 150U);
    EXPECT_EQ(again.stats.cached_prompt_tokens, pooling == model::Pooling::kLast ? 149U : 0U);
    EXPECT_EQ(again.stats.generated_tokens, 0U);
    EXPECT_EQ(again.readout, first);
    // What was only read is a beginning for answers, too.
    const Answer answer = run(*loaded.engine, greedy(prompt, 3));
    EXPECT_EQ(answer.last.stats.cached_prompt_tokens, 149U);
  }
}

TEST(EngineReadout, TakesTurnsWithAnswersAndOtherTexts) {
  for (const model::Pooling pooling : {model::Pooling::kLast, model::Pooling::kMean}) {
    const Loaded loaded(model_of(pooling), {.kv_slots = 4});
    std::vector<Vector> alone;
    for (std::uint64_t i = 0; i < 3; ++i) {
      alone.push_back(embed(*loaded.engine, random_tokens(60 + 80 * i, i)));
      loaded.engine->reset_cache();
    }
    const Tokens answer = run(*loaded.engine, greedy(random_tokens(20, 9), 12)).tokens;
    loaded.engine->reset_cache();

    Answer together;
    const auto answering = loaded.engine->start(greedy(random_tokens(20, 9), 12));
    std::vector<std::unique_ptr<Engine::Generation>> reading;
    for (std::uint64_t i = 0; i < 3; ++i) {
      reading.push_back(loaded.engine->start(embedding_of(random_tokens(60 + 80 * i, i))));
    }
    std::vector<Vector> read(3);
    for (bool more = true;
         more || std::any_of(read.begin(), read.end(), [](auto& v) { return v.empty(); });) {
      more = more && together.step(*answering);
      for (std::size_t i = 0; i < 3; ++i) {
        if (read[i].empty()) {
          read[i] = reading[i]->step().readout;
        }
      }
    }
    EXPECT_EQ(read, alone);
    EXPECT_EQ(together.tokens, answer);
    EXPECT_EQ(loaded.engine->free_slots(), 4U);
  }
}

TEST(EngineReadout, GoesOnAfterItWasSuspended) {
  for (const model::Pooling pooling : {model::Pooling::kLast, model::Pooling::kMean}) {
    const Loaded loaded(model_of(pooling));
    const Tokens prompt = random_tokens(200, 4);
    const Vector whole = embed(*loaded.engine, prompt);
    loaded.engine->reset_cache();
    const auto generation = loaded.engine->start(embedding_of(prompt));
    generation->step();
    generation->step();
    EngineInspection(*loaded.engine).distrust();
    generation->suspend();
    EXPECT_EQ(loaded.engine->free_slots(), loaded.engine->slots());
    EXPECT_THROW(generation->step(), Error);
    loaded.engine->resume(*generation);
    EXPECT_EQ(finish(*generation).readout, whole);
    EXPECT_THROW(generation->step(), Error);
    EXPECT_THROW(loaded.engine->resume(*generation), Error);
  }
}

TEST(EngineReadout, CanBeCancelled) {
  const Loaded loaded(model_of(model::Pooling::kMean));
  const auto generation = loaded.engine->start(embedding_of(random_tokens(200, 4)));
  generation->step();
  const TokenEvent event = generation->cancel();
  EXPECT_TRUE(event.done);
  EXPECT_EQ(event.reason, FinishReason::kCancelled);
  EXPECT_EQ(loaded.engine->free_slots(), loaded.engine->slots());
  EXPECT_THROW(generation->cancel(), Error);
}

TEST(EngineReadout, WithoutTheNormedRowTheGainIsLeftOut) {
  const Loaded with(model_of(model::Pooling::kLast));
  const Loaded without(model_of(model::Pooling::kLast, false));
  const Tokens prompt = random_tokens(70, 5);
  const Vector gained = embed(*with.engine, prompt);
  const Vector plain = embed(*without.engine, prompt);
  const Vector gain = head_tensor(with.package, "norm");
  ASSERT_EQ(plain.size(), gain.size());
  double squares = 0;
  for (std::size_t i = 0; i < gain.size(); ++i) {
    EXPECT_NEAR(plain[i] * gain[i], gained[i], 0.005 * std::abs(gained[i]));  // the gain is rounded to bf16
    squares += static_cast<double>(plain[i]) * plain[i];
  }
  EXPECT_NEAR(squares / static_cast<double>(gain.size()), 1, 1e-3);
}

TEST(EngineReadout, LogitsOfTokens) {
  const Loaded loaded(model_of(model::Pooling::kMean));  // the pooling does not matter
  const Tokens prompt = random_tokens(90, 6);
  const std::vector<double> logits = all_logits(*loaded.engine, prompt).back();
  GenerationRequest request = embedding_of(prompt);
  request.readout->logits_of = {3, 319, 0, 3};
  for (const std::size_t cached : {0U, 89U}) {
    const TokenEvent event = finish(*loaded.engine->start(request));
    EXPECT_EQ(event.readout, (Vector{static_cast<float>(logits[3]), static_cast<float>(logits[319]),
                                     static_cast<float>(logits[0]), static_cast<float>(logits[3])}));
    EXPECT_EQ(event.stats.cached_prompt_tokens, cached);
  }
}

TEST(EngineReadout, RefusesWhatCannotBeRead) {
  const Loaded loaded;
  const auto message_of = [&](const GenerationRequest& request) -> std::string {
    try {
      loaded.engine->start(request);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
      return error.message();
    }
    return "nothing is thrown";
  };
  EXPECT_EQ(message_of(embedding_of({})), "The prompt has no tokens.");
  EXPECT_NE(message_of(embedding_of({1, 320})).find("Token 320 at place 1"), std::string::npos);
  EXPECT_EQ(message_of(embedding_of(random_tokens(257, 1))),
            "The text has 257 tokens, which are more than the context length of 256.");
  GenerationRequest request = embedding_of(random_tokens(11, 1));
  request.context_limit = 10;
  EXPECT_NE(message_of(request).find("context length of 10"), std::string::npos);
  request = embedding_of({1});
  request.readout->logits_of = {320};
  EXPECT_EQ(message_of(request), "There is no logit of token 320; the head gives 320.");
}

TEST(EngineReadout, GarbageIsAFailureOfTheCard) {
  for (const char* fault :
       {"corrupt:model=*_post*,corruption=noise", "corrupt:model=*_l2_*,corruption=nan"}) {
    const testing::SoftcardSettings settings(std::string(R"({"quiet":true,"faults":")") + fault + R"("})");
    const Loaded loaded(model_of(model::Pooling::kLast));
    const auto generation = loaded.engine->start(embedding_of(random_tokens(20, 1)));
    try {
      finish(*generation);
      FAIL() << "garbage was given for " << fault;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDevice) << error.message();
    }
    testing::SoftcardSettings::set(R"({"quiet":true})");
    loaded.engine->resume(*generation);
    EXPECT_EQ(finish(*generation).readout.size(), 64U);
  }
}

}  // namespace
}  // namespace axllama::inference
