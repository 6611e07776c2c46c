#include "axcl/model.h"

#include <array>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "axcl/card.h"
#include "axcl/testing/fake_card.h"
#include "base/testing/error_of.h"

namespace axllama::axcl {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;
using base::testing::error_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FakeLibrary;
using ::testing::HasSubstr;

// Order of the fake model's tensors.
constexpr std::size_t kCache = 0;
constexpr std::size_t kIndices = 1;
constexpr std::size_t kInput = 2;
constexpr std::size_t kCacheOut = 0;
constexpr std::size_t kOutput = 1;

class ModelTest : public ::testing::Test {
 protected:
  ModelTest() : file_(fs::path(::testing::TempDir()) / ("fake_" + std::to_string(::getpid()) + ".axmodel")) {
    std::ofstream(file_) << "content";
  }
  ~ModelTest() override { fs::remove(file_); }

  fs::path file_;
  FakeLibrary fake_{"full"};
  Card card_{testing::open_runtime(fake_), 0};
};

TEST_F(ModelTest, ReadsItsDescriptionAtLoad) {
  const Model model(card_, file_);
  EXPECT_EQ(model.group_count(), 2U);
  ASSERT_EQ(model.inputs().size(), 3U);
  EXPECT_EQ(model.inputs()[kCache].name, "K_cache");
  EXPECT_THAT(model.inputs()[kCache].bytes, ElementsAre(64, 32));
  EXPECT_THAT(model.inputs()[kCache].dims, ElementsAre(ElementsAre(1, 32), ElementsAre(1, 16)));
  EXPECT_EQ(model.inputs()[kIndices].type, DataType::kUint32);
  EXPECT_EQ(model.inputs()[kInput].type, DataType::kFp32);
  EXPECT_EQ(model.outputs()[kOutput].type, DataType::kBf16);
  EXPECT_EQ(model.input_index("input"), kInput);
  EXPECT_EQ(model.output_index("output"), kOutput);
  EXPECT_FALSE(model.input_index("output").has_value());
  EXPECT_EQ(model.compiler_version(), "fake 1.0");
}

TEST_F(ModelTest, AssumesTypesByNameWhereTheRuntimeCannotTell) {
  const FakeLibrary minimal("minimal");
  Card card(testing::open_runtime(minimal), 0);
  const Model model(card, file_);
  EXPECT_EQ(model.inputs()[kIndices].type, DataType::kUint32);
  EXPECT_EQ(model.inputs()[kInput].type, DataType::kBf16);
}

TEST_F(ModelTest, IsUnloadedOnce) {
  fake_.clear_trace();
  {
    const Model model(card_, file_);
  }
  EXPECT_THAT(fake_.trace(), HasSubstr("axclrtEngineDestroyIOInfo\naxclrtEngineUnload\n"));
}

TEST_F(ModelTest, RefusesFilesThatAreNotThereOrEmpty) {
  EXPECT_EQ(error_of([&] { const Model model(card_, "/nowhere/x.axmodel"); }).code(), ErrorCode::kNotFound);
  std::ofstream(file_, std::ios::trunc).flush();
  const Error error = error_of([&] { const Model model(card_, file_); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("is empty"));
}

TEST_F(ModelTest, TellsAForeignFileFromALackOfMemory) {
  fake_.fail("axclrtEngineLoadFromFile", 0x80300703);
  EXPECT_EQ(error_of([&] { const Model model(card_, file_); }).code(), ErrorCode::kInvalidArgument);
  fake_.fail("axclrtEngineLoadFromFile", 0x80300507);
  EXPECT_EQ(error_of([&] { const Model model(card_, file_); }).code(), ErrorCode::kResourceExhausted);
  fake_.fail("axclrtEngineLoadFromFile", 0x80300709);
  const Error error = error_of([&] { const Model model(card_, file_); });
  EXPECT_EQ(error.code(), ErrorCode::kDevice);
  EXPECT_THAT(error.message(), AllOf(HasSubstr(file_.string()), HasSubstr("(0x80300709)")));
}

TEST_F(ModelTest, UnloadsWhenTheDescriptionFails) {
  fake_.fail("axclrtEngineCreateContext", 0x80300701);
  fake_.clear_trace();
  error_of([&] { const Model model(card_, file_); });
  EXPECT_THAT(fake_.trace(), HasSubstr("axclrtEngineUnload\n"));
}

TEST_F(ModelTest, SeesErrorsDisguisedAsNumbers) {
  fake_.set_input_size(0xFFFFFFFF80300702U);
  EXPECT_THAT(error_of([&] { const Model model(card_, file_); }).message(),
              AllOf(HasSubstr("makes no sense"), HasSubstr("K_cache has 18446744071565215490 bytes")));
  fake_.set_input_size(0);
  fake_.fail("axclrtEngineGetNumInputs", 0x80300702);
  EXPECT_THAT(error_of([&] { const Model model(card_, file_); }).message(),
              HasSubstr("it has 2150631170 inputs"));
}

class IoBindingTest : public ModelTest {
 protected:
  /// Binds everything as group 0 needs it.
  void bind_all(IoBinding& binding) {
    binding.bind_input(kCache, cache_.span());
    binding.bind_input(kIndices, indices_.span());
    binding.bind_input(kInput, input_.span());
    binding.bind_output(kCacheOut, cache_out_.span());
    binding.bind_output(kOutput, output_.span());
  }

  Model model_{card_, file_};
  DeviceBuffer cache_{card_, 64};
  DeviceBuffer indices_{card_, 4};
  DeviceBuffer input_{card_, 4};
  DeviceBuffer cache_out_{card_, 4};
  DeviceBuffer output_{card_, 4};
};

TEST_F(IoBindingTest, ExecutesOnTheBoundBuffers) {
  IoBinding binding(model_, 0);
  bind_all(binding);
  const std::array<std::byte, 4> in = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  card_.upload(input_.span(), in);
  const CallCounters before = card_.counters();
  binding.execute();
  const CallCounters spent = card_.counters() - before;
  EXPECT_EQ(spent.executes, 1U);
  EXPECT_EQ(spent.remote_calls, 1U);
  std::array<std::byte, 4> out{};
  card_.download(out, output_.span());
  EXPECT_THAT(out, ElementsAre(std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}));
  EXPECT_THAT(fake_.trace(), HasSubstr("axclrtEngineExecute group 0\n"));
}

TEST_F(IoBindingTest, BindsOnlyWhatChanges) {
  IoBinding binding(model_, 0);
  bind_all(binding);
  fake_.clear_trace();
  bind_all(binding);
  EXPECT_EQ(fake_.trace(), "");
  binding.bind_output(kCacheOut, cache_.span().subspan(8, 4));
  EXPECT_EQ(fake_.trace(), "axclrtEngineSetOutputBufferByIndex K_cache_out\n");
}

TEST_F(IoBindingTest, RefusesToExecuteWithAnUnboundTensor) {
  IoBinding binding(model_, 0);
  binding.bind_input(kCache, cache_.span());
  EXPECT_THAT(error_of([&] { binding.execute(); }).message(),
              AllOf(HasSubstr("indices in shape group 0"), HasSubstr("needs 4 bytes")));
}

TEST_F(IoBindingTest, RefusesWrongSizesNamingBoth) {
  IoBinding binding(model_, 0);
  bind_all(binding);
  binding.bind_input(kCache, cache_.span().subspan(0, 32));
  EXPECT_THAT(error_of([&] { binding.execute(); }).message(),
              AllOf(HasSubstr("K_cache"), HasSubstr("bound to 32 bytes"), HasSubstr("exactly 64")));
  binding.bind_input(kCache, cache_.span());
  binding.execute();
}

TEST_F(IoBindingTest, RefusesOutputsThatAliasInputsOrEachOther) {
  IoBinding binding(model_, 0);
  bind_all(binding);
  binding.bind_output(kOutput, input_.span());
  EXPECT_THAT(error_of([&] { binding.execute(); }).message(),
              AllOf(HasSubstr("output (4 bytes) and input (4 bytes)"), HasSubstr("share memory")));
  binding.bind_output(kOutput, cache_out_.span());
  EXPECT_THAT(error_of([&] { binding.execute(); }).message(), HasSubstr("K_cache_out (4 bytes) and output"));
  binding.bind_output(kOutput, cache_.span().subspan(8, 4));
  EXPECT_THAT(error_of([&] { binding.execute(); }).message(),
              HasSubstr("output (4 bytes) and K_cache (64 bytes)"));
}

TEST_F(IoBindingTest, LetsACacheRowBeWrittenInItsSlot) {
  IoBinding binding(model_, 0);
  bind_all(binding);
  for (const std::size_t slot : {0U, 7U, 15U}) {
    binding.bind_output(kCacheOut, cache_.span().subspan(4 * slot, 4));
    binding.execute();
  }
}

TEST_F(IoBindingTest, RefusesGroupsAndIndicesThatAreNotThere) {
  EXPECT_THAT(error_of([&] { const IoBinding binding(model_, 2); }).message(), HasSubstr("no shape group 2"));
  IoBinding binding(model_, 0);
  EXPECT_THAT(error_of([&] { binding.bind_input(3, input_.span()); }).message(), HasSubstr("no input 3"));
}

TEST_F(IoBindingTest, ReportsACardThatGoesOffline) {
  IoBinding binding(model_, 0);
  bind_all(binding);
  fake_.fail("axclrtEngineExecute", 0x80300181);
  const CallCounters before = card_.counters();
  const Error error = error_of([&] { binding.execute(); });
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(error.message(),
              AllOf(HasSubstr("shape group 0 of " + file_.filename().string()), HasSubstr("(0x80300181)")));
  EXPECT_EQ((card_.counters() - before).executes, 0U);
}

}  // namespace
}  // namespace axllama::axcl
