// What the profiles predict, against what was published for the hardware (the table in docs/softcard.md).

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "softcard/card/error.h"
#include "softcard/card/fake_card.h"
#include "softcard/card/submit.h"
#include "softcard/card/timing_profile.h"

namespace axllama::softcard {
namespace {

using namespace testing;  // the fakes of this room
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(TimingProfileTest, ProfilesAndSingleFields) {
  EXPECT_DOUBLE_EQ(timing_profile("rk3576").call_us, 1000);
  EXPECT_DOUBLE_EQ(timing_profile("native").call_us, 0);
  EXPECT_THROW(timing_profile("pi6"), SettingsError);
  const auto profile =
      parse_timing(nlohmann::json::parse(R"({"profile":"pi5","call_us":5,"weight_gb_per_s":1})"));
  EXPECT_DOUBLE_EQ(profile.call_us, 5);
  EXPECT_DOUBLE_EQ(profile.weight_gb_per_s, 1);
  EXPECT_DOUBLE_EQ(profile.cache_gb_per_s, timing_profile("pi5").cache_gb_per_s);
  EXPECT_THROW(parse_timing(nlohmann::json::parse(R"({"cal_us":5})")), SettingsError);
  EXPECT_THROW(parse_timing(nlohmann::json::parse(R"({"call_us":-5})")), SettingsError);
  EXPECT_THROW(parse_timing(nlohmann::json::parse("7")), SettingsError);
}

Settings with_timing(const std::string& json) {
  Settings settings;
  settings.timing = parse_timing(nlohmann::json::parse(json));
  return settings;
}

TEST(TimingTest, RemoteCallsLastAsLongAsTheProfileSays) {
  FakeCard card(with_timing(R"({"call_us":3000,"copy_mb_per_s":1})"));
  const auto block = card.allocate(10000);
  std::vector<char> host(10000);
  const auto begin = steady_clock::now();
  {
    RemoteCall call(card.device());
    call.cost(
        plan_copy(card.device(), reinterpret_cast<void*>(block), host.data(), 10000, CopyKind::kHostToDevice)
            .time(card.device()));
  }
  EXPECT_GE(steady_clock::now() - begin, milliseconds(13));
}

TEST(TimingTest, ExecutionsStreamTheirWeights) {
  // 5 bytes of weights ("layer") at 1e-7 GB/s are 50 ms.
  FakeCard card(with_timing(R"({"weight_gb_per_s":1e-7,"execute_us":10000})"));
  const BoundLayer layer(card, kDecodeGroup);
  const auto busy = softcard::run(layer.execution(), {});
  EXPECT_GE(busy, milliseconds(60));
}

TEST(TimingTest, SubmittedWorkOverlapsWithTheHost) {
  FakeCard card(with_timing(R"({"call_us":50000,"submit_us":1,"execute_us":40000})"));
  const BoundLayer layer(card, kDecodeGroup);
  CardStream stream(card.runtime().current()->shared_device());
  const auto execution = layer.execution();
  const auto begin = steady_clock::now();
  for (int time = 0; time < 3; ++time) {
    submit(stream, {}, [&](const std::stop_token& stop) { softcard::run(execution, stop); });
  }
  EXPECT_LT(steady_clock::now() - begin, milliseconds(100)) << "submitting waits for the work";
  stream.queue.synchronize(-1);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(120));
}

TEST(TimingTest, NullComputeCostsTimeButNoArithmetic) {
  Settings settings = with_timing(R"({"execute_us":20000})");
  settings.compute = Compute::kNull;
  FakeCard card(settings);
  BoundLayer layer(card, kDecodeGroup);
  card.write(layer.in[kInput].address, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_GE(softcard::run(layer.execution(), {}), milliseconds(20));
  EXPECT_THAT(card.read(layer.out[kOutput].address, kHidden), ::testing::Each(0));
}

}  // namespace
}  // namespace axllama::softcard
