#include "softcard/abi/softcard_ext.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "softcard/abi/library_for_test.h"

namespace axllama::softcard {
namespace {

using ::testing::HasSubstr;

constexpr axclError error(std::uint32_t code) {
  return static_cast<axclError>(code);
}

class SoftcardExtTest : public ::testing::Test {
 protected:
  void start(const char* settings) {
    ASSERT_EQ(AXCL(axllamaSoftcardConfigure)(settings), 0);
    ASSERT_EQ(AXCL(axclInit)(nullptr), 0);
    ASSERT_EQ(AXCL(axclrtSetDevice)(1), 0);
    AXCL(axllamaSoftcardClearReports)();
    AXCL(axllamaSoftcardResetCounters)();
  }
  void TearDown() override {
    AXCL(axclFinalize)();
    AXCL(axllamaSoftcardConfigure)(nullptr);
  }
  static nlohmann::json counters() {
    return nlohmann::json::parse(testing::read_text(AXCL(axllamaSoftcardCounters)));
  }
};

TEST_F(SoftcardExtTest, TextsTellTheirLengthAndAreNeverCut) {
  std::uint64_t needed = 0;
  EXPECT_EQ(AXCL(axllamaSoftcardCounters)(nullptr, 0, &needed), 2);
  EXPECT_GT(needed, 10U);
  std::string text(16, 'x');
  EXPECT_EQ(AXCL(axllamaSoftcardCounters)(text.data(), 2, nullptr), 2);
  EXPECT_EQ(text[0], '\0');
  EXPECT_EQ(text[2], 'x');
}

TEST_F(SoftcardExtTest, CountsCallsBytesAndWhatCrossesTheBus) {
  start(R"({"quiet":true})");
  void* card = nullptr;
  std::vector<char> host(100);
  ASSERT_EQ(AXCL(axclrtMalloc)(&card, 1000, {}), 0);
  ASSERT_EQ(AXCL(axclrtMemset)(card, 0, 1000), 0);
  ASSERT_EQ(AXCL(axclrtMemcpy)(card, host.data(), 100, static_cast<axclrtMemcpyKind>(1)), 0);
  ASSERT_EQ(AXCL(axclrtMemcpy)(host.data(), card, 60, static_cast<axclrtMemcpyKind>(2)), 0);
  ASSERT_EQ(AXCL(axclrtMemcpy)(host.data(), host.data(), 60, static_cast<axclrtMemcpyKind>(0)), 0);
  ASSERT_EQ(AXCL(axclrtFree)(card), 0);
  const auto json = counters();
  EXPECT_EQ(json["remote_calls"], 5);
  EXPECT_EQ(json["total_calls"], 6);
  EXPECT_EQ(json["calls"]["axclrtMemcpy"], 3);
  EXPECT_EQ(json["bytes"]["host_to_device"], 100);
  EXPECT_EQ(json["bytes"]["device_to_host"], 60);
  EXPECT_EQ(json["bytes"]["memset"], 1000);
  AXCL(axllamaSoftcardResetCounters)();
  EXPECT_EQ(counters()["total_calls"], 0);
}

TEST_F(SoftcardExtTest, TellsWhatIsHeld) {
  start(R"({"devices":[1,129],"quiet":true})");
  const auto held = [] { return counters()["held"]; };
  const nlohmann::json before = held();
  EXPECT_EQ(before["card_bytes"], 0);
  EXPECT_EQ(before["contexts"], 1) << "the card's own";
  void* card = nullptr;
  void* host = nullptr;
  axclrtStream stream = nullptr;
  axclrtEvent event = nullptr;
  ASSERT_EQ(AXCL(axclrtMalloc)(&card, 1000, {}), 0);
  ASSERT_EQ(AXCL(axclrtMallocHost)(&host, 500), 0);
  ASSERT_EQ(AXCL(axclrtCreateStream)(&stream), 0);
  ASSERT_EQ(AXCL(axclrtCreateEvent)(&event), 0);
  nlohmann::json after = held();
  EXPECT_EQ(after["card_blocks"], 1);
  EXPECT_EQ(after["card_bytes"], 4096) << "whole pages";
  EXPECT_EQ(after["host_blocks"], 1);
  EXPECT_EQ(after["host_bytes"], 500);
  EXPECT_EQ(after["streams"], 1);
  EXPECT_EQ(after["events"], 1);
  AXCL(axclrtDestroyEvent)(event);
  AXCL(axclrtDestroyStream)(stream);
  AXCL(axclrtFreeHost)(host);
  AXCL(axclrtFree)(card);
  EXPECT_EQ(held(), before);
  ASSERT_EQ(AXCL(axclFinalize)(), 0);
  after = held();
  for (const auto& [what, count] : after.items()) EXPECT_EQ(count, 0) << what;
}

TEST_F(SoftcardExtTest, TellsTheTimingInForce) {
  start(R"({"quiet":true,"compute":"null","timing":{"profile":"pi5","call_us":7}})");
  const auto timing = nlohmann::json::parse(testing::read_text(AXCL(axllamaSoftcardTiming)));
  EXPECT_EQ(timing["profile"], "pi5");
  EXPECT_EQ(timing["call_us"], 7);
  EXPECT_EQ(timing["weight_gb_per_s"], 21);
  AXCL(axllamaSoftcardConfigure)(R"({"quiet":true})");
  EXPECT_EQ(nlohmann::json::parse(testing::read_text(AXCL(axllamaSoftcardTiming)))["profile"], "native");
}

TEST_F(SoftcardExtTest, MistakesInSettingsAreToldAndChangeNothing) {
  start(R"({"mode":"lenient","quiet":true})");
  EXPECT_EQ(AXCL(axllamaSoftcardConfigure)(R"({"mode":"wild"})"), 3);
  EXPECT_THAT(testing::read_text(AXCL(axllamaSoftcardLastError)), HasSubstr("\"wild\""));
  void* card = nullptr;
  ASSERT_EQ(AXCL(axclrtMalloc)(&card, 16, {}), 0);
  EXPECT_EQ(AXCL(axclrtMemset)(card, 0, 32), 0) << "still lenient";
  EXPECT_EQ(AXCL(axllamaSoftcardConfigure)(R"({"quiet":true})"), 0);
  EXPECT_EQ(AXCL(axclrtMemset)(card, 0, 32), error(0x80300503)) << "strict at once";
}

TEST_F(SoftcardExtTest, ReportsNameDoubleFreesAndLeaks) {
  start(R"({"quiet":true})");
  void* card = nullptr;
  ASSERT_EQ(AXCL(axclrtMalloc)(&card, 5000, {}), 0);
  void* inside = reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(card) + 16);
  EXPECT_EQ(AXCL(axclrtFree)(inside), error(0x80300503));
  EXPECT_EQ(AXCL(axclrtFree)(card), 0);
  EXPECT_EQ(AXCL(axclrtFree)(card), error(0x80300581));
  void* host = nullptr;
  ASSERT_EQ(AXCL(axclrtMallocHost)(&host, 64), 0);
  EXPECT_EQ(AXCL(axclrtFreeHost)(host), 0);
  EXPECT_EQ(AXCL(axclrtFreeHost)(host), error(0x80300503));
  ASSERT_EQ(AXCL(axclrtMalloc)(&card, 5000, {}), 0);
  ASSERT_EQ(AXCL(axclFinalize)(), 0);
  const std::string reports = testing::read_text(AXCL(axllamaSoftcardReports));
  EXPECT_THAT(reports, HasSubstr("only a block's base is freed"));
  EXPECT_THAT(reports, HasSubstr("it was freed before or never handed out"));
  EXPECT_THAT(reports, HasSubstr("axclrtFreeHost of"));
  EXPECT_THAT(reports, HasSubstr("1 memory block of 5000 bytes"));
}

TEST_F(SoftcardExtTest, FreeingWithAContextOfAnotherCardIsNamed) {
  start(R"({"devices":[1,129],"quiet":true})");
  void* card = nullptr;
  ASSERT_EQ(AXCL(axclrtMalloc)(&card, 16, {}), 0);
  ASSERT_EQ(AXCL(axclrtSetDevice)(129), 0);
  EXPECT_EQ(AXCL(axclrtFree)(card), error(0x80300581));
  EXPECT_THAT(testing::read_text(AXCL(axllamaSoftcardReports)), HasSubstr("not memory of card 129"));
  ASSERT_EQ(AXCL(axclrtSetDevice)(1), 0);
  EXPECT_EQ(AXCL(axclrtFree)(card), 0);
}

TEST_F(SoftcardExtTest, MemoryRunsOutAtTheQuota) {
  start(R"({"cmm_mib":8,"quiet":true})");
  void* first = nullptr;
  void* second = nullptr;
  EXPECT_EQ(AXCL(axclrtMalloc)(&first, 6U << 20U, {}), 0);
  EXPECT_EQ(AXCL(axclrtMalloc)(&second, 6U << 20U, {}), error(0x80300507));
  EXPECT_EQ(AXCL(axclrtFree)(first), 0);
  EXPECT_EQ(AXCL(axclrtMalloc)(&second, 6U << 20U, {}), 0);
}

TEST_F(SoftcardExtTest, FaultsOfMemoryCopiesAndProperties) {
  start(
      R"({"faults":"malloc_error:at=2;copy_error:at=1;properties_error:at=1","properties_ms":1,"quiet":true})");
  void* card = nullptr;
  EXPECT_EQ(AXCL(axclrtMalloc)(&card, 16, {}), 0);
  EXPECT_EQ(AXCL(axclrtMalloc)(&card, 16, {}), error(0x80300507));
  EXPECT_EQ(AXCL(axclrtMemset)(card, 0, 16), error(0x80300501));
  EXPECT_EQ(AXCL(axclrtMemset)(card, 0, 16), 0);
  axclrtDeviceProperties properties;
  EXPECT_EQ(AXCL(axclrtGetDeviceProperties)(1, &properties), error(0x80300180));
  EXPECT_EQ(AXCL(axclrtGetDeviceProperties)(1, &properties), 0);
}

TEST_F(SoftcardExtTest, ARebootFreesTheCardForANewStart) {
  start(R"({"reboot_ms":1,"quiet":true})");
  void* card = nullptr;
  ASSERT_EQ(AXCL(axclrtMalloc)(&card, 16, {}), 0);
  ASSERT_EQ(AXCL(axclrtRebootDevice)(1), 0);
  EXPECT_EQ(AXCL(axclrtMemset)(card, 0, 16), error(0x80300284)) << "its contexts are gone";
  ASSERT_EQ(AXCL(axclrtSetDevice)(1), 0);
  EXPECT_EQ(AXCL(axclrtMemset)(card, 0, 16), error(0x80300581)) << "its memory is gone";
  EXPECT_EQ(AXCL(axclrtEngineInit)({}), 0);
}

TEST_F(SoftcardExtTest, ManyThreadsAtOnce) {
  start(R"({"quiet":true})");
  std::atomic<int> failures{0};
  const auto expect = [&](bool held) { failures += held ? 0 : 1; };
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        expect(AXCL(axclrtSetDevice)(1) == 0);
        axclrtStream stream = nullptr;
        expect(AXCL(axclrtCreateStream)(&stream) == 0);
        for (int round = 0; round < 50; ++round) {
          void* card = nullptr;
          void* host = nullptr;
          expect(AXCL(axclrtMalloc)(&card, 4096, {}) == 0);
          expect(AXCL(axclrtMallocHost)(&host, 4096) == 0);
          const auto value = static_cast<std::uint8_t>(thread * 50 + round);
          expect(AXCL(axclrtMemsetAsync)(card, value, 4096, stream) == 0);
          expect(AXCL(axclrtMemcpyAsync)(host, card, 4096, static_cast<axclrtMemcpyKind>(2), stream) == 0);
          expect(AXCL(axclrtSynchronizeStream)(stream) == 0);
          expect(static_cast<std::uint8_t*>(host)[4095] == value);
          expect(AXCL(axclrtFree)(card) == 0);
          expect(AXCL(axclrtFreeHost)(host) == 0);
          counters();
        }
        expect(AXCL(axclrtDestroyStream)(stream) == 0);
        expect(AXCL(axclrtResetDevice)(1) == 0);
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(testing::read_text(AXCL(axllamaSoftcardReports)), "[]");
}

}  // namespace
}  // namespace axllama::softcard
