#include "serving/queue_policy.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace axllama::serving {
namespace {

std::string drain(FairQueue<std::string>& queue) {
  std::string order;
  while (const auto item = queue.pop()) {
    order += order.empty() ? *item : " " + *item;
  }
  return order;
}

TEST(FairQueue, KeepsOneClientsOrder) {
  FairQueue<std::string> queue;
  for (const char* item : {"a1", "a2", "a3"}) {
    queue.push("a", item);
  }
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(drain(queue), "a1 a2 a3");
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(FairQueue, LetsClientsTakeTurns) {
  FairQueue<std::string> queue;
  for (const char* item : {"a1", "a2", "a3", "a4"}) {
    queue.push("a", item);
  }
  queue.push("b", "b1");
  queue.push("c", "c1");
  queue.push("c", "c2");
  EXPECT_EQ(drain(queue), "a1 b1 c1 a2 c2 a3 a4");
}

TEST(FairQueue, ANewClientWaitsOnlyForOneTurnOfEachOther) {
  FairQueue<std::string> queue;
  for (const char* item : {"a1", "a2", "a3"}) {
    queue.push("a", item);
  }
  EXPECT_EQ(queue.pop(), "a1");
  queue.push("b", "b1");
  EXPECT_EQ(drain(queue), "a2 b1 a3");
}

TEST(FairQueue, TakesOutWhatIsNoLongerWanted) {
  FairQueue<std::string> queue;
  queue.push("a", "a1");
  queue.push("a", "a2");
  queue.push("b", "b1");
  const auto is = [](std::string name) { return [name](const std::string& item) { return item == name; }; };
  EXPECT_TRUE(queue.contains(is("b1")));
  EXPECT_EQ(queue.take(is("b1")), "b1");
  EXPECT_FALSE(queue.contains(is("b1")));
  EXPECT_EQ(queue.take(is("b1")), std::nullopt);
  EXPECT_EQ(queue.take(is("a1")), "a1");
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(drain(queue), "a2");
}

TEST(FairQueue, HoldsItemsThatOnlyMove) {
  FairQueue<std::unique_ptr<int>> queue;
  queue.push("a", std::make_unique<int>(1));
  queue.push("b", std::make_unique<int>(2));
  EXPECT_EQ(**queue.take([](const std::unique_ptr<int>& item) { return *item == 2; }), 2);
  EXPECT_EQ(**queue.pop(), 1);
}

TEST(FairQueue, GivesTheFirstThatIsWanted) {
  FairQueue<std::string> queue;
  for (const char* item : {"a1", "a2", "a3"}) {
    queue.push("a", item);
  }
  queue.push("b", "b1");
  EXPECT_EQ(queue.pop_if([](const std::string& item) { return item == "a2"; }), "a2");
  EXPECT_EQ(queue.pop_if([](const std::string& item) { return item == "c1"; }), std::nullopt);
  EXPECT_EQ(queue.size(), 3U);
  EXPECT_EQ(queue.count([](const std::string& item) { return item[0] == 'a'; }), 2U);
  EXPECT_EQ(drain(queue), "b1 a1 a3");  // a has had its turn
}

TEST(FairQueue, TakesAnItemBack) {
  FairQueue<std::string> queue;
  queue.push("a", "a1");
  queue.push("a", "a2");
  queue.push("b", "b1");
  std::string item = queue.pop().value();
  queue.push_front("a", std::move(item));
  queue.push_front("c", "c1");
  EXPECT_EQ(drain(queue), "c1 a1 b1 a2");
}

TEST(FairQueue, IsATurnOrderForThoseWhoComeBack) {
  FairQueue<std::string> queue;
  for (const char* item : {"a1", "b1", "b2"}) {
    queue.push(std::string_view(item, 1), item);
  }
  std::string order;
  for (int i = 0; i < 8; ++i) {
    std::string item = queue.pop().value();
    order += item + " ";
    const std::string client = item.substr(0, 1);
    queue.push(client, std::move(item));
  }
  EXPECT_EQ(order, "a1 b1 a1 b2 a1 b1 a1 b2 ");
}

}  // namespace
}  // namespace axllama::serving
