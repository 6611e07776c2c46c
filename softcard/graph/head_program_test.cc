#include "softcard/graph/head_program.h"

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

}  // namespace
}  // namespace axllama::softcard
