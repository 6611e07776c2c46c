#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "softcard/card/error.h"
#include "softcard/card/fake_card.h"
#include "softcard/card/submit.h"

namespace axllama::softcard {
namespace {

using namespace testing;  // the fakes of this room
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::Each;

Settings with_faults(std::string_view faults) {
  Settings settings;
  settings.faults = parse_fault_list(faults);
  return settings;
}

std::int32_t code_of(const Execution& execution) {
  try {
    softcard::run(execution, {});
    return 0;
  } catch (const CardError& error) {
    return error.code();
  }
}

std::int32_t code_of(const BoundLayer& layer) {
  return code_of(layer.execution());
}

TEST(FaultExecutionTest, TheNthExecutionFails) {
  FakeCard card(with_faults("execute_error:at=2"));
  const BoundLayer layer(card, kDecodeGroup);
  EXPECT_EQ(code_of(layer), 0);
  EXPECT_EQ(code_of(layer), code::kEngineExecute);
  EXPECT_EQ(code_of(layer), 0);
}

TEST(FaultExecutionTest, TheCodeIsForTheChoosing) {
  FakeCard card(with_faults("execute_error:code=0x80300705"));
  EXPECT_EQ(code_of(BoundLayer(card, kDecodeGroup)), static_cast<std::int32_t>(0x80300705U));
}

TEST(FaultExecutionTest, AnOfflineCardAnswersNothingUntilItIsReset) {
  FakeCard card(with_faults("offline:at=2"));
  auto& runtime = card.runtime();
  const BoundLayer layer(card, kDecodeGroup);
  EXPECT_EQ(code_of(layer), 0);
  for (int again = 0; again < 3; ++again) {
    EXPECT_EQ(code_of(layer), code::kDeviceNotConnected);
  }
  EXPECT_THROW(RemoteCall(card.device()), CardError);
  EXPECT_THROW(runtime.set_device(1), CardError);
  const auto before = layer.execution();
  runtime.reset_device(1);
  runtime.set_device(1);
  card.device().engine_init(0);
  EXPECT_EQ(code_of(before), code::kDeviceNotConnected) << "what was prepared before the reset is void";
  EXPECT_EQ(code_of(BoundLayer(card, kDecodeGroup)), 0);
}

TEST(FaultExecutionTest, SomeCardsNeedAReboot) {
  auto settings = with_faults("offline:at=1,recovery=reboot");
  settings.reboot_time = milliseconds(1);
  FakeCard card(settings);
  auto& runtime = card.runtime();
  EXPECT_EQ(code_of(BoundLayer(card, kDecodeGroup)), code::kDeviceNotConnected);
  runtime.reset_device(1);
  EXPECT_THROW(runtime.set_device(1), CardError);
  runtime.reboot_device(1);
  runtime.set_device(1);
  card.device().engine_init(0);
  EXPECT_EQ(code_of(BoundLayer(card, kDecodeGroup)), 0);
}

TEST(FaultExecutionTest, AHangEndsByTimeOrByReset) {
  FakeCard card(with_faults("hang:at=1,ms=50;hang:at=2"));
  const BoundLayer layer(card, kDecodeGroup);
  const auto begin = steady_clock::now();
  EXPECT_EQ(code_of(layer), 0);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(50));
  auto hung = std::async(std::launch::async, [&] { return code_of(layer); });
  EXPECT_EQ(hung.wait_for(milliseconds(100)), std::future_status::timeout);
  card.runtime().reset_device(1);
  EXPECT_EQ(hung.get(), code::kDeviceNotConnected);
}

TEST(FaultExecutionTest, AHangInAStreamTimesOutAtTheSynchronisationAndEndsByForce) {
  FakeCard card(with_faults("hang:at=1"));
  const BoundLayer layer(card, kDecodeGroup);
  CardStream stream(card.runtime().current()->shared_device());
  const auto execution = layer.execution();
  submit(stream, {}, [&](const std::stop_token& stop) { softcard::run(execution, stop); });
  EXPECT_EQ(stream.queue.synchronize(50), Stream::Wait::kTimedOut);
  stream.queue.close(false);
  EXPECT_EQ(stream.queue.take_error(), code::kDeviceNotConnected);
}

TEST(FaultExecutionTest, SlowExecutionsTakeLonger) {
  FakeCard card(with_faults("slow_execute:at=1,ms=60"));
  const BoundLayer layer(card, kDecodeGroup);
  const auto begin = steady_clock::now();
  EXPECT_EQ(code_of(layer), 0);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(60));
}

TEST(FaultExecutionTest, CorruptionSpoilsTheChosenOutputs) {
  FakeCard card(with_faults("corrupt:corruption=nan,tensor=output"));
  BoundLayer layer(card, kDecodeGroup);
  layer.run();
  EXPECT_THAT(card.read(layer.out[kOutput].address, kHidden), Each(0xFFFF));
  EXPECT_THAT(card.read(layer.out[kKOut].address, kKv), Each(0));
}

TEST(FaultExecutionTest, RoundingChangesTheLastBitOfChunksOnly) {
  std::vector<std::uint16_t> right;
  for (const char* faults : {"", "corrupt:corruption=rounding,tensor=output"}) {
    FakeCard card(with_faults(faults));
    for (const std::uint32_t group : {kDecodeGroup, kLargeGroup}) {
      BoundLayer layer(card, group);
      layer.run();
      const auto values = card.read(layer.out[kOutput].address, kHidden);
      right.insert(right.end(), values.begin(), values.end());
    }
  }
  constexpr std::size_t kRow = kHidden;
  ASSERT_EQ(right.size(), 4 * kRow);
  for (std::size_t i = 0; i < 2 * kRow; ++i) {
    EXPECT_EQ(right[2 * kRow + i], right[i] ^ (i < kRow ? 0 : 1));
  }
}

TEST(FaultExecutionTest, NoiseIsFiniteWrongAndRepeatable) {
  std::vector<std::uint16_t> first;
  for (int time = 0; time < 2; ++time) {
    FakeCard card(with_faults("corrupt:seed=3"));
    BoundLayer layer(card, kDecodeGroup);
    layer.run();
    const auto values = card.read(layer.out[kOutput].address, kHidden);
    for (const std::uint16_t value : values) {
      EXPECT_NE(value & 0x7F80, 0x7F80);
    }
    EXPECT_THAT(values, ::testing::Not(Each(0)));
    first = first.empty() ? values : first;
    EXPECT_EQ(values, first);
  }
}

TEST(FaultExecutionTest, AHangingLoadEndsByTimeOrByReset) {
  FakeCard card(with_faults("load_hang:at=1,ms=50;load_hang:at=2"));
  const auto begin = steady_clock::now();
  card.load("layer");
  EXPECT_GE(steady_clock::now() - begin, milliseconds(50));
  auto hung = std::async(std::launch::async, [&] {
    try {
      card.runtime().set_device(1);  // of this thread
      card.load("layer");
      return 0;
    } catch (const CardError& error) {
      return error.code();
    }
  });
  EXPECT_EQ(hung.wait_for(milliseconds(100)), std::future_status::timeout);
  card.runtime().reset_device(1);
  card.runtime().reset_device(1);  // both threads hold it
  EXPECT_EQ(hung.get(), code::kDeviceNotConnected);
}

TEST(FaultExecutionTest, LoadsFailByModel) {
  FakeCard card(with_faults("load_error:at=2,code=0x80300709;out_of_memory:at=3"));
  card.load("layer");
  for (int load = 2; load <= 3; ++load) {
    try {
      card.load("layer");
      FAIL();
    } catch (const CardError& error) {
      EXPECT_EQ(error.code(), code::kEngineDecode);
      EXPECT_THAT(error.what(), ::testing::HasSubstr(load == 2 ? "fault" : "no memory left"));
    }
  }
  card.load("layer");
}

TEST(FaultRuntimeTest, TheCardAppearsAfterSomeTries) {
  Runtime runtime(load_fake);
  auto settings = with_faults("no_card:times=2;hidden_card:times=2");
  settings.quiet = true;
  EXPECT_THROW(runtime.init(settings), CardError);
  EXPECT_THROW(runtime.init(settings), CardError);
  runtime.init(settings);
  EXPECT_TRUE(runtime.device_ids().empty());
  EXPECT_THROW(runtime.set_device(1), CardError);
  EXPECT_TRUE(runtime.device_ids().empty());
  EXPECT_EQ(runtime.device_ids().size(), 1U);
  runtime.set_device(1);
}

TEST(FaultRuntimeTest, TheCardAppearsAfterSomeTime) {
  Runtime runtime(load_fake);
  auto settings = with_faults("no_card:ms=40");
  settings.quiet = true;
  EXPECT_THROW(runtime.init(settings), CardError);
  std::this_thread::sleep_for(milliseconds(50));
  runtime.init(settings);
}

}  // namespace
}  // namespace axllama::softcard
