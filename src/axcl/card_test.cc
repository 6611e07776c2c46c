#include "axcl/card.h"

#include <array>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "axcl/testing/fake_card.h"
#include "base/testing/error_of.h"

namespace axllama::axcl {
namespace {

using base::Error;
using base::ErrorCode;
using base::testing::error_of;
using testing::FakeLibrary;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::open_runtime;

constexpr std::array<std::byte, 4> kBytes = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};

TEST(Card, ConnectsAndLetsGoInOrder) {
  const FakeLibrary fake("full");
  {
    const auto runtime = open_runtime(fake);
    fake.clear_trace();
    const Card card(runtime, 0);
    EXPECT_EQ(card.device_id(), 129);
  }
  EXPECT_EQ(fake.trace(),
            "axclrtSetDevice 129\naxclrtGetCurrentContext\naxclrtCreateContext\naxclrtEngineInit\n"
            "axclrtEngineFinalize\naxclrtDestroyContext\naxclrtResetDevice\naxclFinalize\n");
}

TEST(Card, RefusesAnIndexTheRuntimeDoesNotList) {
  const FakeLibrary fake("full");
  const auto runtime = open_runtime(fake);
  const Error error = error_of([&] { const Card card(runtime, 1); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_THAT(error.message(), HasSubstr("no card number 1"));
}

TEST(Card, LetsTheDeviceGoWhenTheEngineFails) {
  const FakeLibrary fake("full");
  const auto runtime = open_runtime(fake);
  fake.fail("axclrtEngineInit", 0x80300706);
  // The engine answers questions, so it runs already: the card is usable but the engine is not ours to end.
  {
    const Card card(runtime, 0);
  }
  EXPECT_THAT(fake.trace(), Not(HasSubstr("axclrtEngineFinalize")));
  fake.clear_trace();

  fake.fail("axclrtSetDevice", 0x80300181);
  const Error error = error_of([&] { const Card card(runtime, 0); });
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(error.message(), HasSubstr("device is not connected (0x80300181)"));
  EXPECT_THAT(fake.trace(), Not(HasSubstr("axclrtResetDevice")));
}

TEST(Card, CountsCallsAndBytesByDirection) {
  const FakeLibrary fake("full");
  Card card(open_runtime(fake), 0);
  const DeviceBuffer first(card, 4);
  const DeviceBuffer second(card, 4);
  const CallCounters before = card.counters();
  std::array<std::byte, 4> back{};
  card.upload(first.span(), kBytes);
  card.copy(second.span(), first.span());
  card.download(back, second.span());
  card.fill(second.span(), 0);
  const CallCounters spent = card.counters() - before;
  EXPECT_EQ(back, kBytes);
  EXPECT_EQ(spent.remote_calls, 4U);
  EXPECT_EQ(spent.bytes_to_card, 4U);
  EXPECT_EQ(spent.bytes_from_card, 4U);
  EXPECT_EQ(spent.bytes_on_card, 4U);
  EXPECT_EQ(spent.executes, 0U);
  EXPECT_GT(spent.nanoseconds_in_calls, 0U);
}

TEST(Card, CopiesFromTheRuntimesHostMemory) {
  const FakeLibrary fake("full");
  Card card(open_runtime(fake), 0);
  HostBuffer host(card, 4);
  const DeviceBuffer device(card, 4);
  std::copy(kBytes.begin(), kBytes.end(), host.bytes().begin());
  card.upload(device.span(), host.bytes());
  std::fill(host.bytes().begin(), host.bytes().end(), std::byte{0});
  card.download(host.bytes(), device.span());
  EXPECT_THAT(host.bytes(), ::testing::ElementsAreArray(kBytes));
}

TEST(Card, RefusesCopiesOfUnequalSizeWithoutACall) {
  const FakeLibrary fake("full");
  Card card(open_runtime(fake), 0);
  const DeviceBuffer buffer(card, 8);
  fake.clear_trace();
  const Error error = error_of([&] { card.upload(buffer.span(), kBytes); });
  EXPECT_EQ(error.code(), ErrorCode::kInternal);
  EXPECT_EQ(error.message(), "upload was asked to move 4 bytes into 8 bytes.");
  EXPECT_EQ(fake.trace(), "");
}

TEST(Card, RefusesCallsFromOtherThreads) {
  const FakeLibrary fake("full");
  Card card(open_runtime(fake), 0);
  const DeviceBuffer buffer(card, 4);
  const auto message = std::async(std::launch::async, [&] {
                         return error_of([&] { card.upload(buffer.span(), kBytes); }).message();
                       }).get();
  EXPECT_EQ(message, "upload was called from a thread that does not own the card.");
}

TEST(Card, NamesBytesWhenMemoryRunsOut) {
  const FakeLibrary fake("full");
  Card card(open_runtime(fake), 0);
  const Error error = error_of([&] { const DeviceBuffer buffer(card, 2U << 20U); });
  EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(error.message(),
            "The card has no 2097152 bytes left: runtime/memory/07, not enough memory (0x80300507).");
}

TEST(Card, ReadsProperties) {
  const FakeLibrary fake("full");
  Card card(open_runtime(fake), 0);
  const auto properties = card.properties();
  ASSERT_TRUE(properties.has_value());
  EXPECT_EQ(properties->firmware, std::string(64, 'v'));
  EXPECT_EQ(properties->pci_bus, 129U);
  EXPECT_DOUBLE_EQ(properties->temperature_celsius, 49.263);
  EXPECT_EQ(properties->memory_total_bytes, 1048576U);
  EXPECT_EQ(properties->memory_free_bytes, 524288U);
  EXPECT_EQ(properties->cmm_total_bytes, 7381975040U);
  EXPECT_EQ(properties->cmm_free_bytes, 7363100672U);
  EXPECT_DOUBLE_EQ(properties->cpu_percent, 12.34);
  EXPECT_DOUBLE_EQ(properties->npu_percent, 56.78);
}

TEST(Card, HasNoPropertiesWhereTheRuntimeHasNone) {
  const FakeLibrary minimal("minimal");
  EXPECT_FALSE(Card(open_runtime(minimal), 0).properties().has_value());
  const FakeLibrary full("full");
  full.fail("axclrtGetDeviceProperties", 0x80300180);
  EXPECT_FALSE(Card(open_runtime(full), 0).properties().has_value());
}

TEST(DeviceBuffer, IsFreedOnceAndMoves) {
  const FakeLibrary fake("full");
  Card card(open_runtime(fake), 0);
  fake.clear_trace();
  {
    DeviceBuffer first(card, 4);
    const DeviceSpan span = first.span();
    DeviceBuffer second = std::move(first);
    EXPECT_EQ(second.span().address, span.address);
    first = std::move(second);
    EXPECT_EQ(first.size(), 4U);
  }
  EXPECT_EQ(fake.trace(), "axclrtMalloc\naxclrtFree\n");
}

TEST(DeviceBuffer, OutlivesItsCardWithoutTouchingIt) {
  const FakeLibrary fake("full");
  {
    auto card = std::make_unique<Card>(open_runtime(fake), 0);
    const DeviceBuffer buffer(*card, 4);
    card.reset();
    fake.clear_trace();
  }
  EXPECT_THAT(fake.trace(), Not(HasSubstr("axclrtFree")));
}

TEST(DeviceSpan, PartsStayInside) {
  const DeviceSpan span{1000, 64};
  EXPECT_EQ(span.subspan(16, 48).address, 1016U);
  EXPECT_EQ(span.subspan(64, 0).size, 0U);
  EXPECT_THROW(span.subspan(16, 49), Error);
  EXPECT_THROW(span.subspan(65, 0), Error);
  EXPECT_THROW(span.subspan(16, SIZE_MAX), Error);
}

}  // namespace
}  // namespace axllama::axcl
