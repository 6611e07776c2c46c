#include <functional>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "softcard/graph/program.h"
#include "softcard/graph/test_models.h"

namespace axllama::softcard {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ImageBuilder;
using testing::LayerShape;
using testing::RandomLayer;

std::string refusal(std::span<const std::byte> image) {
  try {
    static_cast<void>(Program::load(image, "m_l3.axmodel"));
  } catch (const ProgramError& error) {
    EXPECT_THAT(error.what(), HasSubstr("m_l3.axmodel"));
    return error.what();
  }
  return "loaded";
}

std::string refusal_of_text(std::string_view text) {
  return refusal(std::as_bytes(std::span(text)));
}

std::string refusal_of_config(const std::function<void(json&)>& change) {
  RandomLayer layer(LayerShape{});
  json config = layer.config();
  change(config);
  layer.builder.set_program(kLayerProgram, config);
  return refusal(layer.builder.image());
}

std::string refusal_of_header(const std::function<void(json&)>& change) {
  RandomLayer layer(LayerShape{});
  change(layer.builder.header());
  return refusal(layer.builder.image());
}

TEST(ProgramLoadTest, RecognisesForeignFiles) {
  EXPECT_THAT(refusal({}), HasSubstr("empty"));
  EXPECT_THAT(refusal_of_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
              HasSubstr("git-LFS"));
  EXPECT_THAT(refusal_of_text("GGUF\x03"), HasSubstr("GGUF"));
  EXPECT_THAT(refusal_of_text("\x08\x07\x12\x06pulsar2 and then microcode"), HasSubstr("vendor's tools"));
  ImageBuilder plain;
  plain.add_f32("model.embed_tokens.weight", {1.0F});
  EXPECT_THAT(refusal(plain.image()), HasSubstr("metadata field axllama.softcard is missing"));
}

TEST(ProgramLoadTest, RefusesWrongMetadata) {
  EXPECT_EQ(refusal_of_header([](json&) {}), "loaded");
  EXPECT_THAT(refusal_of_header([](json& h) { h["__metadata__"]["axllama.softcard"] = "3"; }),
              AllOf(HasSubstr("\"3\""), HasSubstr("\"2\"")));
  EXPECT_THAT(refusal_of_header([](json& h) { h["__metadata__"]["axllama.program"] = "vision"; }),
              HasSubstr("\"vision\" is unknown"));
  EXPECT_THAT(refusal_of_header([](json& h) { h["__metadata__"]["axllama.config"] = "{"; }),
              HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal_of_header([](json& h) { h["__metadata__"]["axllama.config"] = "[]"; }),
              HasSubstr("not a JSON object"));
}

TEST(ProgramLoadTest, RefusesImpossibleConfigurations) {
  EXPECT_EQ(refusal_of_config([](json&) {}), "loaded");
  for (const char* field : {"hidden", "heads", "kv_heads", "head_dim", "intermediate"}) {
    EXPECT_THAT(refusal_of_config([&](json& c) { c.erase(field); }), HasSubstr(field));
    EXPECT_THAT(refusal_of_config([&](json& c) { c[field] = -4; }), HasSubstr(field));
    EXPECT_THAT(refusal_of_config([&](json& c) { c[field] = 0; }), HasSubstr(field));
    EXPECT_THAT(refusal_of_config([&](json& c) { c[field] = "8"; }), HasSubstr(field));
    EXPECT_THAT(refusal_of_config([&](json& c) { c[field] = 18446744073709551615U; }), HasSubstr(field));
  }
  EXPECT_THAT(refusal_of_config([](json& c) { c["hidden"] = 65; }),
              AllOf(HasSubstr("[64]"), HasSubstr("[65]")));
  EXPECT_THAT(refusal_of_config([](json& c) { c["kv_heads"] = 3; }), HasSubstr("evenly"));
  EXPECT_THAT(refusal_of_config([](json& c) { c["head_dim"] = 17; }), HasSubstr("odd"));
  EXPECT_THAT(refusal_of_config([](json& c) { c["rms_eps"] = -1.0; }), HasSubstr("rms_eps"));
  EXPECT_THAT(refusal_of_config([](json& c) { c["rms_eps"] = "x"; }), HasSubstr("rms_eps"));
  EXPECT_THAT(refusal_of_config([](json& c) { c["qk_norm"] = 1; }), HasSubstr("qk_norm"));
  EXPECT_THAT(refusal_of_config([](json& c) { c["activation"] = "relu"; }), HasSubstr("relu"));
  EXPECT_THAT(refusal_of_config([](json& c) { c["window"] = 0; }), HasSubstr("\"window\" is 0"));
  EXPECT_THAT(refusal_of_config([](json& c) { c["window"] = "all"; }), HasSubstr("window"));
  EXPECT_THAT(refusal_of_config([](json& c) { c.erase("compiler"); }), HasSubstr("compiler"));
  for (const json& groups :
       {json(), json::array(), json(3), json::array({7}), json::array({{{"kind", "other"}}}),
        json::array({{{"kind", "decode"}}}), json::array({{{"kind", "decode"}, {"slots", 0}}}),
        json::array({{{"kind", "prefill"}, {"rows", 4}}}),
        json::array({{{"kind", "prefill"}, {"rows", 4}, {"history", -1}}}),
        json::array({{{"kind", "prefill"}, {"rows", 1e9}, {"history", 0}}})}) {
    EXPECT_NE(refusal_of_config([&](json& c) { c["groups"] = groups; }), "loaded") << groups.dump();
  }
  EXPECT_THAT(
      refusal_of_config([](json& c) { c["groups"] = json(1000, {{"kind", "decode"}, {"slots", 4}}); }),
      HasSubstr("groups"));
}

TEST(ProgramLoadTest, RefusesMissingAndWrongTensors) {
  for (const char* name : {"attn_norm", "q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm",
                           "mlp_norm", "gate_proj", "up_proj", "down_proj", "rope_inv_freq"}) {
    EXPECT_THAT(refusal_of_header([&](json& h) { h.erase(name); }),
                HasSubstr(std::string(name) + " is missing"));
  }
  EXPECT_THAT(refusal_of_header([](json& h) { h["q_proj"]["dtype"] = "F16"; }),
              HasSubstr("expected BF16 or a packed form"));
  EXPECT_THAT(
      refusal_of_header([](json& h) { std::swap(h["gate_proj"]["shape"][0], h["gate_proj"]["shape"][1]); }),
      AllOf(HasSubstr("[64,96]"), HasSubstr("[96,64]")));
  for (const char* name : {"attn_post_norm", "mlp_post_norm"}) {
    RandomLayer half(LayerShape{.post_norms = true});
    half.builder.header().erase(name);
    EXPECT_THAT(refusal(half.builder.image()), HasSubstr(std::string(name) + " is missing"));
  }
  RandomLayer packed(LayerShape{.weights = "s4_g32"});
  EXPECT_EQ(refusal(packed.builder.image()), "loaded");
  packed.builder.header()["o_proj"]["shape"] = {2, 1152};
  EXPECT_THAT(refusal(packed.builder.image()),
              HasSubstr("o_proj has shape [2,1152], the configuration asks for [1,2304]"));
  RandomLayer unknown(LayerShape{.weights = "s8"});
  nlohmann::json config = unknown.config();
  config["packed"]["up_proj"] = "s3";
  unknown.builder.set_program(kLayerProgram, config);
  EXPECT_THAT(refusal(unknown.builder.image()), HasSubstr("up_proj is packed as \"s3\""));
  config["packed"] = 8;
  unknown.builder.set_program(kLayerProgram, config);
  EXPECT_THAT(refusal(unknown.builder.image()), HasSubstr("\"packed\" is not an object"));
}

TEST(ProgramLoadTest, EveryTruncationAndManyMutationsAreRefusedOrLoad) {
  const std::vector<std::byte> image =
      RandomLayer(
          LayerShape{.hidden = 8, .heads = 2, .kv_heads = 1, .head_dim = 4, .intermediate = 8, .slots = 4})
          .builder.image();
  for (std::size_t size = 0; size < image.size(); size += 1 + size / 64) {
    EXPECT_NE(refusal(std::span(image).first(size)), "loaded");
  }
  const std::size_t header_end =
      8 + std::to_integer<std::size_t>(image[0]) + 256 * std::to_integer<std::size_t>(image[1]);
  std::mt19937 random(12);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::byte> mutant = image;
    for (int i = 0; i < 2; ++i) mutant[random() % header_end] = static_cast<std::byte>(32 + random() % 95);
    try {
      static_cast<void>(Program::load(mutant, "mutant"));
    } catch (const ProgramError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace axllama::softcard
