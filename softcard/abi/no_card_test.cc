// What the vendor's library answers on a host without a card, row by row (docs/softcard.md).

#include <array>
#include <cstring>

#include <gtest/gtest.h>

#include "softcard/abi/library_for_test.h"

namespace axllama::softcard {
namespace {

constexpr axclError error(std::uint32_t code) {
  return static_cast<axclError>(code);
}

constexpr axclError kNoContext = error(0x80300284);
constexpr axclError kInvalidDevice = error(0x80300184);
constexpr axclError kEngineNull = error(0x80300702);
constexpr axclError kEngineIllegal = error(0x80300703);

axclrtMemcpyKind copy_kind(int number) {
  return static_cast<axclrtMemcpyKind>(number);
}

class NoCardTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(AXCL(axllamaSoftcardConfigure)(R"({"devices":[],"quiet":true})"), 0); }
  void TearDown() override { AXCL(axllamaSoftcardConfigure)(nullptr); }

  std::array<char, 64> host{};
  void* pointer = host.data();
};

TEST_F(NoCardTest, Versions) {
  std::int32_t major = 0;
  std::int32_t minor = 0;
  std::int32_t patch = 0;
  EXPECT_EQ(AXCL(axclrtGetVersion)(&major, &minor, &patch), 0);
  EXPECT_EQ(major, 3);
  EXPECT_EQ(minor, 10);
  EXPECT_EQ(patch, 2);
  EXPECT_STREQ(AXCL(axclrtGetFullVersion)(), "V3.10.2_20251215140224");
  EXPECT_STREQ(AXCL(axclrtGetSocName)(), "UNKNOWN");
}

TEST_F(NoCardTest, InitFailsRepeatablyWhateverItsFile) {
  for (const char* config : std::initializer_list<const char*>{nullptr, "/does/not/exist.json", nullptr}) {
    EXPECT_EQ(AXCL(axclInit)(config), error(0x8030010B));
  }
}

TEST_F(NoCardTest, DeviceList) {
  axclrtDeviceList list;
  std::memset(&list, 0x55, sizeof(list));
  EXPECT_EQ(AXCL(axclrtGetDeviceList)(&list), 0);
  EXPECT_EQ(list.num, 0U);
  EXPECT_EQ(AXCL(axclrtGetDeviceList)(nullptr), error(0x80300102));
  std::uint32_t count = 7;
  EXPECT_EQ(AXCL(axclrtGetDeviceCount)(&count), 0);
  EXPECT_EQ(count, 0U);
}

TEST_F(NoCardTest, Devices) {
  for (const std::int32_t id : {-1, 0, 1, 129}) {
    EXPECT_EQ(AXCL(axclrtSetDevice)(id), kInvalidDevice);
    EXPECT_EQ(AXCL(axclrtResetDevice)(id), kInvalidDevice);
    axclrtContext context = nullptr;
    EXPECT_EQ(AXCL(axclrtCreateContext)(&context, id), kInvalidDevice);
  }
  std::int32_t id = 0;
  EXPECT_EQ(AXCL(axclrtGetDevice)(&id), error(0x80300185));
  axclrtDeviceProperties properties;
  EXPECT_EQ(AXCL(axclrtGetDeviceProperties)(1, &properties), error(0x80300180));
  EXPECT_EQ(AXCL(axclrtSynchronizeDevice)(), 0);
}

TEST_F(NoCardTest, Contexts) {
  axclrtContext context = nullptr;
  EXPECT_EQ(AXCL(axclrtGetCurrentContext)(&context), kNoContext);
  EXPECT_EQ(AXCL(axclrtGetDefaultContext)(&context, 1), error(0x80300183));
  EXPECT_EQ(AXCL(axclrtSetCurrentContext)(nullptr), error(0x80300202));
  EXPECT_EQ(AXCL(axclrtDestroyContext)(nullptr), error(0x80300202));
}

TEST_F(NoCardTest, CardMemoryWantsAContext) {
  EXPECT_EQ(AXCL(axclrtMalloc)(&pointer, 16, {}), kNoContext);
  EXPECT_EQ(AXCL(axclrtMallocCached)(&pointer, 16, {}), kNoContext);
  EXPECT_EQ(AXCL(axclrtFree)(pointer), kNoContext);
  EXPECT_EQ(AXCL(axclrtMemset)(pointer, 0, 16), kNoContext);
  EXPECT_EQ(AXCL(axclrtMemFlush)(pointer, 16), kNoContext);
  EXPECT_EQ(AXCL(axclrtMemInvalidate)(pointer, 16), kNoContext);
  for (const int kind : {1, 2, 3, 4, 5, 99}) {
    EXPECT_EQ(AXCL(axclrtMemcpy)(pointer, pointer, 16, copy_kind(kind)), kNoContext) << kind;
  }
  axclrtStream stream = nullptr;
  EXPECT_EQ(AXCL(axclrtCreateStream)(&stream), kNoContext);
}

TEST_F(NoCardTest, NullPointersAreNoticedFirst) {
  EXPECT_EQ(AXCL(axclrtMalloc)(nullptr, 16, {}), error(0x80300502));
  EXPECT_EQ(AXCL(axclrtFree)(nullptr), error(0x80300502));
  EXPECT_EQ(AXCL(axclrtMemcpy)(nullptr, pointer, 16, copy_kind(1)), error(0x80300502));
  EXPECT_EQ(AXCL(axclrtMemcpy)(pointer, nullptr, 16, copy_kind(2)), error(0x80300502));
  EXPECT_EQ(AXCL(axclrtMemcpy)(pointer, pointer, 0, copy_kind(1)), 0);
}

TEST_F(NoCardTest, HostMemoryWorks) {
  void* memory = nullptr;
  ASSERT_EQ(AXCL(axclrtMallocHost)(&memory, 64), 0);
  std::memset(memory, 0x2A, 64);
  EXPECT_EQ(AXCL(axclrtMemcpy)(host.data(), memory, 64, copy_kind(0)), 0);
  EXPECT_EQ(host[63], 0x2A);
  EXPECT_EQ(AXCL(axclrtFreeHost)(memory), 0);
  void* untouched = &host;
  EXPECT_EQ(AXCL(axclrtMallocHost)(&untouched, 0), 0);
  EXPECT_EQ(untouched, &host);
  EXPECT_EQ(AXCL(axclrtFreeHost)(nullptr), 0);
}

TEST_F(NoCardTest, AsynchronousCallsWantAStream) {
  EXPECT_EQ(AXCL(axclrtMemcpyAsync)(pointer, pointer, 16, copy_kind(0), nullptr), 4);
  for (const int kind : {1, 2, 3, 4, 5, 99}) {
    EXPECT_EQ(AXCL(axclrtMemcpyAsync)(pointer, pointer, 16, copy_kind(kind), nullptr), error(0x80300302));
  }
  EXPECT_EQ(AXCL(axclrtMemsetAsync)(pointer, 0, 16, nullptr), error(0x80300302));
  EXPECT_EQ(AXCL(axclrtMemcmpAsync)(pointer, pointer, 16, nullptr), error(0x80300302));
  EXPECT_EQ(AXCL(axclrtSynchronizeStream)(nullptr), error(0x80300302));
  axclrtEvent event = nullptr;
  EXPECT_EQ(AXCL(axclrtCreateEvent)(&event), error(0x80300185));
  EXPECT_EQ(AXCL(axclrtRecordEvent)(nullptr, nullptr), error(0x80300302));
}

TEST_F(NoCardTest, TheEngineWantsAContext) {
  EXPECT_EQ(AXCL(axclrtEngineInit)({}), kNoContext);
  axclrtEngineVNpuKind kind{};
  EXPECT_EQ(AXCL(axclrtEngineGetVNpuKind)(&kind), kNoContext);
  EXPECT_EQ(AXCL(axclrtEngineFinalize)(), kNoContext);
  axclrtEngineIOInfo info = nullptr;
  EXPECT_EQ(AXCL(axclrtEngineGetIOInfo)(1, &info), kNoContext);
  std::uint64_t context = 0;
  EXPECT_EQ(AXCL(axclrtEngineCreateContext)(1, &context), kNoContext);
  EXPECT_EQ(AXCL(axclrtEngineUnload)(1), kNoContext);
  EXPECT_EQ(AXCL(axclrtEngineSetAffinity)(1, 7), kNoContext);
  EXPECT_EQ(AXCL(axclrtEngineSetContextAffinity)(1, 1, 7), error(0x80300704));
  std::uint32_t mask = 0;
  EXPECT_EQ(AXCL(axclrtEngineGetContextAffinity)(1, 1, &mask), error(0x80300704));
}

TEST_F(NoCardTest, LoadingLooksAtTheFileFirst) {
  std::uint64_t model = 0;
  EXPECT_EQ(AXCL(axclrtEngineLoadFromFile)("/does/not/exist.axmodel", &model), kEngineIllegal);
  EXPECT_EQ(AXCL(axclrtEngineLoadFromMem)(nullptr, 0, &model), kEngineIllegal);
  std::int64_t system = 0;
  std::int64_t cmm = 0;
  EXPECT_EQ(AXCL(axclrtEngineGetUsage)("/does/not/exist.axmodel", &system, &cmm), error(0x8030050C));
  EXPECT_EQ(AXCL(axclrtEngineGetModelCompilerVersion)(1), nullptr);
}

TEST_F(NoCardTest, NumbersAreErrorsInDisguise) {
  EXPECT_EQ(AXCL(axclrtEngineGetNumInputs)(nullptr), 0x80300702U);
  EXPECT_EQ(AXCL(axclrtEngineGetNumOutputs)(nullptr), 0x80300702U);
  EXPECT_EQ(AXCL(axclrtEngineGetInputSizeByIndex)(nullptr, 0, 0), 0xFFFFFFFF80300702U);
  EXPECT_EQ(AXCL(axclrtEngineGetOutputSizeByIndex)(nullptr, 0, 0), 0xFFFFFFFF80300702U);
  EXPECT_LT(AXCL(axclrtEngineGetInputIndexByName)(nullptr, "mask"), 0);
  EXPECT_LT(AXCL(axclrtEngineGetOutputIndexByName)(nullptr, "output"), 0);
  EXPECT_EQ(AXCL(axclrtEngineGetInputNameByIndex)(nullptr, 0), nullptr);
  EXPECT_EQ(AXCL(axclrtEngineGetOutputNameByIndex)(nullptr, 0), nullptr);
}

TEST_F(NoCardTest, NullObjectsAreErrors) {
  axclrtEngineIO io = nullptr;
  EXPECT_EQ(AXCL(axclrtEngineCreateIO)(nullptr, &io), kEngineNull);
  EXPECT_EQ(AXCL(axclrtEngineDestroyIO)(nullptr), kEngineNull);
  EXPECT_EQ(AXCL(axclrtEngineSetInputBufferByIndex)(nullptr, 0, pointer, 16), kEngineNull);
  axclrtEngineIODims dims;
  EXPECT_EQ(AXCL(axclrtEngineGetInputDims)(nullptr, 0, 0, &dims), kEngineNull);
}

TEST_F(NoCardTest, IoObjectsLiveOnTheHost) {
  std::array<std::uint64_t, 512> zeroes{};
  axclrtEngineIO io = nullptr;
  ASSERT_EQ(AXCL(axclrtEngineCreateIO)(zeroes.data(), &io), 0);
  EXPECT_EQ(AXCL(axclrtEngineSetInputBufferByIndex)(io, 0, pointer, 16), kEngineIllegal);
  for (const std::uint32_t batch : {0U, 1U, 8U}) {
    EXPECT_EQ(AXCL(axclrtEngineSetDynamicBatchSize)(io, batch), 0);
  }
  EXPECT_EQ(AXCL(axclrtEngineExecute)(0, 1, 0, io), kEngineIllegal);
  EXPECT_EQ(AXCL(axclrtEngineExecute)(1, 0, 0, io), kEngineIllegal);
  EXPECT_EQ(AXCL(axclrtEngineExecute)(1, 1, 0, nullptr), kEngineIllegal);
  EXPECT_EQ(AXCL(axclrtEngineExecute)(1, 1, 0, io), kNoContext);
  EXPECT_EQ(AXCL(axclrtEngineExecuteAsync)(1, 1, 0, nullptr, nullptr), kEngineIllegal);
  EXPECT_EQ(AXCL(axclrtEngineExecuteAsync)(1, 1, 0, io, nullptr), kNoContext);
  EXPECT_EQ(AXCL(axclrtEngineDestroyIO)(io), 0);
}

TEST_F(NoCardTest, FinalizeIsRepeatable) {
  EXPECT_EQ(AXCL(axclFinalize)(), 0);
  EXPECT_EQ(AXCL(axclFinalize)(), 0);
}

}  // namespace
}  // namespace axllama::softcard
