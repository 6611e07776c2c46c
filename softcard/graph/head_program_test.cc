#include "softcard/graph/head_program.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "softcard/graph/test_models.h"

namespace axllama::softcard {
namespace {

using base::Bf16;
using base::bf16_to_f32;
using base::f32_to_bf16;

TEST(HeadProgramTest, MatchesFloat64Reference) {
  for (const std::string weights : {"row-major bf16", "bf16", "f16", "f32", "s8", "s8_g32", "s4_g32"}) {
    for (const std::size_t vocab : {1U, 64U, 777U}) {
      constexpr std::size_t kHidden = 64;
      std::mt19937 random(8);
      testing::ImageBuilder builder;
      const bool floats = weights.find('f') != std::string::npos;
      const nlohmann::json packed =
          weights == "row-major bf16" ? nlohmann::json::object() : nlohmann::json{{"lm_head", weights}};
      const std::vector<double> head =
          testing::add_random_projection(builder, "lm_head", vocab, kHidden, weights, random);
      std::vector<float> gain(kHidden);
      for (std::size_t i = 0; i < kHidden; ++i) gain[i] = 0.5F + 0.01F * static_cast<float>(i);
      builder.add_f32("norm", gain);
      builder.set_program(kHeadProgram, {{"hidden", kHidden},
                                         {"vocab", vocab},
                                         {"rms_eps", 1e-5},
                                         {"weights", weights},
                                         {"packed", packed},
                                         {"compiler", "test 2"}});
      const std::unique_ptr<Program> program = Program::load(builder.image(), "test_post.axmodel");
      ASSERT_EQ(program->group_count(), 1U);
      EXPECT_EQ(program->compiler_version(), "test 2");
      ASSERT_EQ(program->inputs().size(), 1U);
      ASSERT_EQ(program->outputs().size(), 1U);
      EXPECT_EQ(program->inputs()[0].name, "input");
      EXPECT_EQ(program->outputs()[0].bytes(0), vocab * 2);
      EXPECT_EQ(program->cost(0).multiply_adds, vocab * kHidden);

      std::normal_distribution<float> normal;
      std::vector<Bf16> input(kHidden);
      double squares = 0;
      for (Bf16& value : input) {
        value = f32_to_bf16(normal(random));
        squares += std::pow(static_cast<double>(bf16_to_f32(value)), 2);
      }
      std::vector<Bf16> logits(vocab, 0x7FC0);
      const std::byte* in[] = {reinterpret_cast<const std::byte*>(input.data())};
      std::byte* out[] = {reinterpret_cast<std::byte*>(logits.data())};
      program->execute(0, in, out);
      const double factor = 1.0 / std::sqrt(squares / kHidden + 1e-5);
      for (std::size_t row = 0; row < vocab; ++row) {
        double expected = 0;
        for (std::size_t k = 0; k < kHidden; ++k) {
          expected += head[row * kHidden + k] * static_cast<double>(bf16_to_f32(input[k])) * factor *
                      static_cast<double>(gain[k]);
        }
        // The activations' 8 bits: about 0.5 % of a logit's deviation, which is near 1 here.
        ASSERT_NEAR(bf16_to_f32(logits[row]), expected, std::abs(expected) / 128.0 + (floats ? 1e-5 : 0.04));
      }
      EXPECT_THROW(program->execute(1, in, out), ProgramError);
    }
  }
}

/// A head of 50 bf16 rows.
testing::ImageBuilder small_head(const nlohmann::json& more) {
  std::mt19937 random(9);
  testing::ImageBuilder builder;
  testing::add_random_projection(builder, "lm_head", 50, 64, "row-major bf16", random);
  builder.add_f32("norm", std::vector<float>(64, 1.0F));
  nlohmann::json config{
      {"hidden", 64}, {"vocab", 50}, {"rms_eps", 1e-5}, {"weights", "bf16"}, {"compiler", "test"}};
  config.update(more);
  builder.set_program(kHeadProgram, config);
  return builder;
}

TEST(HeadProgramTest, GivesTheLargestLogitsInsteadOfTheRowOrBesideIt) {
  const auto whole = Program::load(small_head(nlohmann::json::object()).image(), "post.axmodel");
  const auto few =
      Program::load(small_head({{"post_topk", 7}, {"all_logits", false}}).image(), "post.axmodel");
  const auto both =
      Program::load(small_head({{"post_topk", 7}, {"all_logits", true}}).image(), "post.axmodel");
  ASSERT_EQ(few->outputs().size(), 2U);
  EXPECT_EQ(few->outputs()[0].name, "indices");
  EXPECT_EQ(few->outputs()[0].type, ElementType::kInt32);
  EXPECT_EQ(few->outputs()[0].bytes(0), 7U * 4);
  EXPECT_EQ(few->outputs()[1].name, "logits");
  EXPECT_EQ(few->outputs()[1].bytes(0), 7U * 2);
  ASSERT_EQ(both->outputs().size(), 3U);
  EXPECT_EQ(both->outputs()[2].name, "output");
  EXPECT_EQ(both->outputs()[2].bytes(0), 50U * 2);

  const std::vector<Bf16> input(64, f32_to_bf16(0.25F));
  const std::byte* in[] = {reinterpret_cast<const std::byte*>(input.data())};
  const auto run = [&](Program& program, std::vector<std::int32_t>& indices, std::vector<Bf16>& logits,
                       std::vector<Bf16>& row) {
    std::byte* out[] = {reinterpret_cast<std::byte*>(indices.data()),
                        reinterpret_cast<std::byte*>(logits.data()),
                        reinterpret_cast<std::byte*>(row.data())};
    program.execute(0, in, std::span<std::byte* const>(out).first(program.outputs().size()));
  };
  std::vector<Bf16> row(50);
  std::byte* out[] = {reinterpret_cast<std::byte*>(row.data())};
  whole->execute(0, in, out);
  std::vector<std::int32_t> indices(7), same_indices(7);
  std::vector<Bf16> logits(7), same_logits(7), same_row(50), none;
  run(*few, indices, logits, none);
  run(*both, same_indices, same_logits, same_row);
  EXPECT_EQ(same_row, row);
  EXPECT_EQ(same_indices, indices);
  EXPECT_EQ(same_logits, logits);
  std::vector<Bf16> sorted = row;
  std::sort(sorted.begin(), sorted.end(), [](Bf16 a, Bf16 b) { return bf16_to_f32(a) > bf16_to_f32(b); });
  EXPECT_TRUE(std::equal(logits.begin(), logits.end(), sorted.begin()));
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(row[static_cast<std::size_t>(indices[i])], logits[i]);
}

TEST(HeadProgramTest, RefusesMoreLogitsThanThereAre) {
  EXPECT_THROW(Program::load(small_head({{"post_topk", 51}, {"all_logits", false}}).image(), "post.axmodel"),
               ProgramError);
  EXPECT_THROW(Program::load(small_head({{"post_topk", 0}, {"all_logits", true}}).image(), "post.axmodel"),
               ProgramError);
  EXPECT_THROW(Program::load(small_head({{"post_topk", 5}}).image(), "post.axmodel"), ProgramError);
}

TEST(HeadProgramTest, GivesTheNormedRowWhereTheFileAsksForIt) {
  constexpr std::size_t kHidden = 64;
  constexpr std::size_t kVocab = 100;
  std::normal_distribution<float> normal;
  for (const bool asked : {false, true}) {
    for (const std::string weights : {"bf16", "s8"}) {
      std::mt19937 random(9);
      testing::ImageBuilder builder;
      testing::add_random_projection(builder, "lm_head", kVocab, kHidden, weights, random);
      std::vector<float> gain(kHidden);
      for (float& value : gain) value = normal(random);
      builder.add_f32("norm", gain);
      builder.set_program(kHeadProgram, {{"hidden", kHidden},
                                         {"vocab", kVocab},
                                         {"rms_eps", 1e-6},
                                         {"weights", weights},
                                         {"packed", {{"lm_head", weights}}},
                                         {"ret_postnorm", asked},
                                         {"compiler", "test"}});
      const std::unique_ptr<Program> program = Program::load(builder.image(), "test_post.axmodel");
      ASSERT_EQ(program->outputs().size(), asked ? 2U : 1U);
      std::vector<Bf16> input(kHidden);
      double squares = 0;
      for (Bf16& value : input) {
        value = f32_to_bf16(normal(random));
        squares += std::pow(static_cast<double>(bf16_to_f32(value)), 2);
      }
      std::vector<Bf16> logits(kVocab);
      std::vector<Bf16> normed(kHidden, 0x7FC0);
      const std::byte* in[] = {reinterpret_cast<const std::byte*>(input.data())};
      std::byte* out[] = {reinterpret_cast<std::byte*>(logits.data()),
                          reinterpret_cast<std::byte*>(normed.data())};
      program->execute(0, in, std::span(out).first(asked ? 2 : 1));
      if (!asked) continue;
      EXPECT_EQ(program->outputs()[1].name, "output_norm");
      EXPECT_EQ(program->outputs()[1].bytes(0), kHidden * 2);
      const double factor = 1 / std::sqrt(squares / kHidden + 1e-6);
      for (std::size_t i = 0; i < kHidden; ++i) {
        const double expected =
            static_cast<double>(bf16_to_f32(input[i])) * factor * static_cast<double>(gain[i]);
        EXPECT_NEAR(bf16_to_f32(normed[i]), expected, std::abs(expected) / 200);
      }
    }
  }
}

}  // namespace
}  // namespace axllama::softcard
