#include "serving/event_channel.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using inference::TokenEvent;

TokenEvent token(int id, bool done = false) {
  TokenEvent event;
  event.tokens = {id};
  event.done = done;
  return event;
}

int id_of(const std::optional<ResponseEvent>& event) {
  return std::get<TokenEvent>(event.value()).tokens.at(0);
}

TEST(EventChannel, PassesEventsInOrder) {
  EventChannel channel(10);
  EXPECT_FALSE(channel.try_next());
  EXPECT_TRUE(channel.push(ModelReady{1ns}));
  EXPECT_TRUE(channel.push(token(1)));
  EXPECT_TRUE(channel.push(token(2, true)));
  EXPECT_FALSE(channel.push(token(3)));  // closed by the one before
  EXPECT_TRUE(std::holds_alternative<ModelReady>(channel.try_next().value()));
  EXPECT_EQ(id_of(channel.next(0ms)), 1);
  EXPECT_EQ(id_of(channel.try_next()), 2);
  EXPECT_FALSE(channel.next(1ms));
}

TEST(EventChannel, NeverWaitsForASlowReader) {
  EventChannel channel(2);
  EXPECT_TRUE(channel.push(token(1)));
  EXPECT_TRUE(channel.push(token(2)));
  EXPECT_FALSE(channel.push(token(3)));
  EXPECT_FALSE(channel.push(token(4, true)));
  EXPECT_EQ(id_of(channel.try_next()), 1);
  EXPECT_EQ(id_of(channel.try_next()), 2);
  const auto last = channel.try_next();
  EXPECT_EQ(std::get<base::Error>(last.value()).code(), base::ErrorCode::kCancelled);
  EXPECT_FALSE(channel.try_next());
}

TEST(EventChannel, AlwaysHasRoomForTheLastEvent) {
  EventChannel channel(1);
  EXPECT_TRUE(channel.push(token(1)));
  EXPECT_TRUE(channel.push(token(2, true)));
}

TEST(EventChannel, CallsBackOnceWhenReadable) {
  EventChannel channel(10);
  int calls = 0;
  channel.on_readable([&] { ++calls; });
  EXPECT_EQ(calls, 0);
  channel.push(token(1));
  channel.push(token(2));
  EXPECT_EQ(calls, 1);
  channel.on_readable([&] { ++calls; });
  EXPECT_EQ(calls, 2);  // at once: events are waiting
  channel.try_next();
  channel.try_next();
  channel.on_readable([&] { ++calls; });
  channel.detach();
  channel.push(token(3));
  EXPECT_EQ(calls, 2);
}

TEST(EventChannel, WakesAWaitingReader) {
  EventChannel channel(10);
  std::thread writer([&] {
    std::this_thread::sleep_for(5ms);
    channel.push(token(7));
  });
  EXPECT_EQ(id_of(channel.next(10s)), 7);
  writer.join();
}

TEST(EventChannel, CancelsOnce) {
  EventChannel channel(10);
  EXPECT_FALSE(channel.cancelled());
  EXPECT_TRUE(channel.cancel());
  EXPECT_TRUE(channel.cancelled());
  EXPECT_FALSE(channel.cancel());
  EventChannel over(10);
  over.push(token(1, true));
  EXPECT_FALSE(over.cancel());
}

}  // namespace
}  // namespace axllama::serving
