// The binding against the software card that is built with it, found as the program finds it.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "axcl/card.h"
#include "axcl/model.h"
#include "axcl/runtime.h"
#include "axcl/testing/software_card.h"
#include "base/bfloat16.h"
#include "base/error.h"
#include "base/safetensors.h"

namespace axllama::axcl {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::open_software_card;

constexpr std::size_t kHidden = 64;
constexpr std::size_t kVocabulary = 128;

class SoftwareCard : public ::testing::Test {
 protected:
  SoftwareCard()
      : file_(fs::path(::testing::TempDir()) / ("head_" + std::to_string(::getpid()) + "_post.axmodel")) {}
  ~SoftwareCard() override { fs::remove(file_); }

  /// An output head whose row v is v/128 in column v mod 64 and 0 elsewhere, with norm gains of 1.
  void write_head() const {
    const std::vector<float> norm(kHidden, 1.0F);
    std::vector<base::Bf16> weights(kVocabulary * kHidden);
    for (std::size_t v = 0; v < kVocabulary; ++v) {
      weights[v * kHidden + v % kHidden] = base::f32_to_bf16(static_cast<float>(v) / 128.0F);
    }
    base::write_safetensors(
        file_,
        {{"axllama.softcard", "2"},
         {"axllama.program", "head"},
         {"axllama.config",
          R"({"hidden":64,"vocab":128,"rms_eps":1e-6,"weights":"bf16","compiler":"by hand"})"}},
        {{"norm", "F32", {kHidden}, std::as_bytes(std::span(norm))},
         {"lm_head", "BF16", {kVocabulary, kHidden}, std::as_bytes(std::span(weights))}});
  }

  fs::path file_;
  std::shared_ptr<Runtime> runtime_ = open_software_card();
  Card card_{runtime_, 0};
};

TEST_F(SoftwareCard, IsFoundBesideTheProgram) {
  EXPECT_TRUE(runtime_->is_software_card());
  EXPECT_EQ(runtime_->library().parent_path().filename(), "softcard");
  EXPECT_FALSE(runtime_->version().empty());
  EXPECT_THAT(runtime_->software_card_counters(), HasSubstr("axclInit"));
  EXPECT_TRUE(card_.properties().has_value());
}

TEST_F(SoftwareCard, CopiesOrdinaryMemoryAndTheRuntimesOwn) {
  const DeviceBuffer device(card_, 256);
  std::array<std::byte, 256> ordinary{};
  std::fill(ordinary.begin(), ordinary.end(), std::byte{0x5A});
  card_.upload(device.span(), ordinary);
  HostBuffer host(card_, 256);
  card_.download(host.bytes(), device.span());
  EXPECT_TRUE(std::equal(ordinary.begin(), ordinary.end(), host.bytes().begin()));
  card_.fill(device.span().subspan(0, 128), 0);
  card_.download(ordinary, device.span());
  EXPECT_EQ(ordinary[127], std::byte{0});
  EXPECT_EQ(ordinary[128], std::byte{0x5A});
}

TEST_F(SoftwareCard, RunsAModel) {
  write_head();
  Model model(card_, file_);
  ASSERT_EQ(model.group_count(), 1U);
  EXPECT_EQ(model.compiler_version(), "by hand");
  ASSERT_EQ(model.inputs().size(), 1U);
  EXPECT_EQ(model.inputs()[0].type, DataType::kBf16);
  EXPECT_EQ(model.inputs()[0].bytes[0], kHidden * 2);
  ASSERT_EQ(model.outputs().size(), 1U);
  EXPECT_EQ(model.outputs()[0].bytes[0], kVocabulary * 2);

  const DeviceBuffer input(card_, kHidden * 2);
  const DeviceBuffer output(card_, kVocabulary * 2);
  IoBinding binding(model, 0);
  binding.bind_input(0, input.span());
  binding.bind_output(0, output.span());
  std::vector<base::Bf16> row(kHidden);
  for (std::size_t i = 0; i < kHidden; ++i) row[i] = base::f32_to_bf16(i % 2 == 0 ? 2.0F : -2.0F);
  card_.upload(input.span(), std::as_bytes(std::span(row)));
  binding.execute();
  std::vector<base::Bf16> logits(kVocabulary);
  card_.download(std::as_writable_bytes(std::span(logits)), output.span());
  // The root mean square of the row is 2, so it is normalised to 1 and -1.
  for (std::size_t v = 0; v < kVocabulary; ++v) {
    const float expected = (v % 2 == 0 ? 1.0F : -1.0F) * static_cast<float>(v) / 128.0F;
    EXPECT_NEAR(base::bf16_to_f32(logits[v]), expected, 0.004F) << v;
  }
}

TEST_F(SoftwareCard, SaysWhyAFileIsNoModel) {
  std::vector<std::byte> noise(4096, std::byte{0x42});
  base::write_safetensors(file_, {}, {{"x", "U8", {4096}, noise}});
  try {
    const Model model(card_, file_);
    FAIL() << "the file was accepted";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message(), HasSubstr(file_.string()));
  }
}

TEST_F(SoftwareCard, SaysWhenMemoryRunsOut) {
  try {
    const DeviceBuffer buffer(card_, std::size_t{1} << 44U);
    FAIL() << "16 TiB were given";
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kResourceExhausted);
    EXPECT_THAT(error.message(), HasSubstr("17592186044416 bytes"));
  }
}

}  // namespace
}  // namespace axllama::axcl
