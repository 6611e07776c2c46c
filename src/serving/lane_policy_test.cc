#include "serving/lane_policy.h"

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;

const LanePolicy::Time kStart{1000s};

class LanePolicyTest : public ::testing::Test {
 protected:
  bool submit(std::uint64_t id, const std::string& client, const std::string& model, bool needs_slot = true) {
    return policy.submit({id, client, model, needs_slot});
  }
  /// What is to be done next, as text. Does it, as a lane would: models are loaded at once.
  std::string next(LanePolicy::Time now = kStart) {
    const LanePolicy::Action action =
        policy.next(now, [this](const std::string& digest) { return slots - policy.running(digest); });
    if (const auto* expire = std::get_if<LanePolicy::Expire>(&action)) {
      return "expire " + std::to_string(expire->ticket.id);
    }
    if (const auto* unload = std::get_if<LanePolicy::Unload>(&action)) {
      return "unload " + unload->digest;
    }
    if (const auto* admit = std::get_if<LanePolicy::Admit>(&action)) {
      return begin(admit->ticket);
    }
    if (const auto* missed = std::get_if<LanePolicy::Restore>(&action)) {
      if (!restores_fail) {
        policy.residency().begin_load(missed->model, 1);
        policy.residency().begin_use(missed->model.digest, {});
        policy.residency().loaded(missed->model.digest, 1, 1);
        policy.residency().end_use(missed->model.digest, now);
      }
      policy.ended(missed->id);
      return "restore " + missed->model.digest;
    }
    return std::holds_alternative<LanePolicy::Advance>(action) ? "advance" : "rest";
  }
  std::string begin(const Ticket& ticket) {
    const bool load = !policy.residency().contains(ticket.digest);
    if (load) {
      policy.residency().begin_load({ticket.digest, ticket.digest, nullptr}, 1);
    }
    policy.residency().begin_use(ticket.digest, {});
    models[ticket.id] = ticket.digest;
    return (load ? "load " : "admit ") + std::to_string(ticket.id);
  }
  void end(std::uint64_t id, LanePolicy::Time now = kStart) {
    policy.residency().end_use(models.at(id), now);
    policy.ended(id);
  }
  /// Ends each request as soon as it is admitted, until the lane is to go on with those that run. How many.
  std::size_t admit_and_end_all() {
    std::size_t admitted = 0;
    std::string action = next();
    for (; action.starts_with("admit "); action = next()) {
      ++admitted;
      end(std::stoull(action.substr(6)));
    }
    EXPECT_EQ(action, "advance");
    return admitted;
  }
  /// Has the model on the card.
  void have(const std::string& model, LanePolicy::Time now = kStart) {
    ASSERT_TRUE(submit(1000, "somebody", model, false));
    ASSERT_EQ(next(), "load 1000");
    end(1000, now);
  }
  /// The pinned model "a" is lost while request 1 is answered by "b".
  void lose_a_while_b_answers() {
    policy.residency().pin("a");
    have("a");
    have("b");
    ASSERT_TRUE(submit(1, "x", "b"));
    ASSERT_EQ(next(), "admit 1");
    policy.residency().lose("a");
  }

  LanePolicy policy{{.max_queue = 3, .parallel = 0, .max_loaded = 2, .default_keep_alive = 5min}};
  std::size_t slots = 2;
  bool restores_fail = false;
  std::map<std::uint64_t, std::string> models;  // by request
};

TEST_F(LanePolicyTest, RestsUntilAModelsTimeIsOver) {
  EXPECT_EQ(next(), "rest");
  have("a");
  const auto action = policy.next(kStart + 1min, {});
  EXPECT_EQ(std::get<LanePolicy::Rest>(action).until, kStart + 5min);
  EXPECT_EQ(next(kStart + 5min), "unload a");
  EXPECT_TRUE(policy.residency().empty());
  EXPECT_EQ(next(kStart + 5min), "rest");
}

TEST_F(LanePolicyTest, AModelThatSomebodyWaitsForStays) {
  have("a");
  submit(1, "x", "a");
  EXPECT_EQ(next(kStart + 1h), "admit 1");
  EXPECT_EQ(next(kStart + 1h), "advance");
}

TEST_F(LanePolicyTest, TheQueueHasABound) {
  EXPECT_TRUE(submit(1, "x", "a"));
  EXPECT_TRUE(submit(2, "x", "a"));
  EXPECT_TRUE(submit(3, "y", "b"));
  EXPECT_FALSE(submit(4, "z", "a"));
  EXPECT_TRUE(policy.withdraw(1));
  EXPECT_FALSE(policy.withdraw(1));
  EXPECT_TRUE(submit(4, "z", "a"));
  EXPECT_EQ(policy.clear_queue().size(), 3U);
  EXPECT_EQ(policy.waiting(), 0U);
}

TEST_F(LanePolicyTest, ARequestWhoseTimeIsOverIsDone) {
  EXPECT_TRUE(policy.submit({1, "x", "a", true, kStart + 1s}));
  EXPECT_TRUE(policy.submit({2, "x", "a", true, kStart}));
  EXPECT_EQ(next(), "expire 2");
  EXPECT_EQ(next(), "load 1");
}

TEST_F(LanePolicyTest, AnAnswerThatFindsNoSlotIsNextWhenOneIsFree) {
  have("a");
  submit(1, "x", "a");
  submit(2, "y", "a");
  submit(3, "z", "a");
  EXPECT_EQ(next(), "admit 1");
  EXPECT_EQ(next(), "admit 2");
  policy.residency().end_use("a", kStart);
  policy.put_back({2, "y", "a"});
  slots = 1;
  EXPECT_EQ(next(), "advance");
  end(1);
  EXPECT_EQ(next(), "admit 2");
}

TEST_F(LanePolicyTest, ALoadIsNotOvertakenForEverWhoeverElseComes) {
  have("a");
  submit(1, "x", "a");
  EXPECT_EQ(next(), "admit 1");
  submit(2, "x", "b");  // of the same client as what overtakes it
  std::uint64_t id = 10;
  std::size_t overtakings = 0;
  for (int round = 0; round < 50; ++round) {
    submit(id++, "x", "a");  // refused when the queue is full of those that may not overtake
    submit(id++, "y", "a");
    overtakings += admit_and_end_all();
  }
  EXPECT_EQ(overtakings, LanePolicy::kMostOvertakings);
  end(1);
  EXPECT_EQ(next(), "load 2");
}

TEST_F(LanePolicyTest, NeitherIsTheLoadOfADraft) {
  have("a");
  submit(1, "x", "a");
  EXPECT_EQ(next(), "admit 1");
  EXPECT_TRUE(policy.submit({2, "y", "a", true, {}, "small"}));
  std::uint64_t id = 10;
  std::size_t overtakings = 0;
  for (int round = 0; round < 20; ++round) {
    submit(id++, "x", "a");  // the model alone is there
    overtakings += admit_and_end_all();
  }
  EXPECT_EQ(overtakings, LanePolicy::kMostOvertakings);
  end(1);
  EXPECT_EQ(next(), "admit 2");
  policy.residency().begin_draft("a", std::make_shared<const ModelReference>("small", "small", nullptr));
  policy.residency().end_draft("a", {}, 1);
  EXPECT_TRUE(policy.submit({3, "z", "a", true, {}, "small"}));
  std::string admitted = next();
  while (admitted.starts_with("admit ") && admitted != "admit 3") {
    end(std::stoull(admitted.substr(6)));
    admitted = next();
  }
  EXPECT_EQ(admitted, "admit 3");  // beside the second
}

TEST_F(LanePolicyTest, ASlotIsNotLostToOthersWhileTheClientIsServedElsewhere) {
  have("a");
  have("b");
  slots = 1;
  submit(1, "y", "a");
  EXPECT_EQ(next(), "admit 1");
  submit(2, "x", "a");  // waits for the slot
  submit(3, "x", "b");
  submit(4, "y", "a");
  EXPECT_EQ(next(), "admit 3");  // x has had a turn, but not for a
  end(1);
  EXPECT_EQ(next(), "admit 2");
}

TEST_F(LanePolicyTest, EvictsForTheNumberOfModelsToo) {
  have("a", kStart);
  have("b", kStart + 1s);
  EXPECT_FALSE(policy.too_many_loaded());
  submit(1, "x", "c");
  EXPECT_EQ(next(), "load 1");
  EXPECT_TRUE(policy.too_many_loaded());
  EXPECT_EQ(policy.evict(), "a");
  EXPECT_FALSE(policy.too_many_loaded());
  policy.residency().pin("b");
  EXPECT_EQ(policy.evict(), std::nullopt);
}

TEST_F(LanePolicyTest, APinnedModelThatWasLostComesBackUnasked) {
  policy.residency().pin("a");
  have("a");
  have("b");
  policy.residency().lose_all();
  EXPECT_EQ(next(), "restore a");
  EXPECT_EQ(next(), "rest");  // b is nobody's
  EXPECT_EQ(policy.running(), 0U);
}

TEST_F(LanePolicyTest, BringingBackHasPausesThatGrow) {
  policy.residency().pin("a");
  have("a");
  policy.residency().lose_all();
  restores_fail = true;
  LanePolicy::Time now = kStart;
  for (const auto pause : {10s, 20s, 40s, 80s, 160s, 320s, 320s}) {
    EXPECT_EQ(next(now), "restore a");
    const auto action = policy.next(now, {});
    EXPECT_EQ(std::get<LanePolicy::Rest>(action).until, now + pause);
    now += pause;
  }
  restores_fail = false;
  EXPECT_EQ(next(now), "restore a");
  policy.residency().lose_all();
  EXPECT_EQ(next(now), "restore a");  // another loss begins anew
  restores_fail = true;
  policy.residency().lose_all();
  EXPECT_EQ(next(now), "restore a");
  EXPECT_TRUE(policy.residency().request_unload("a"));
  EXPECT_EQ(next(now + 1h), "rest");  // asked away
}

TEST_F(LanePolicyTest, BringingBackIsNoRequestButHasItsTurn) {
  lose_a_while_b_answers();
  EXPECT_EQ(next(), "advance");  // loads wait for answers
  EXPECT_EQ(policy.waiting(), 0U);
  EXPECT_TRUE(policy.wanted("a"));
  std::size_t overtakings = 0;
  std::uint64_t id = 2;
  for (std::uint64_t running = 1; submit(id, "x", "b"); ++id) {
    if (next() != "admit " + std::to_string(id)) break;
    ++overtakings;
    end(running);
    running = id;
  }
  EXPECT_EQ(overtakings, LanePolicy::kMostOvertakings);
  EXPECT_TRUE(submit(100, "y", "c") && submit(101, "y", "c"));
  EXPECT_FALSE(submit(102, "y", "c"));  // three wait
  EXPECT_EQ(policy.clear_queue().size(), 3U);
  EXPECT_EQ(policy.waiting(), 0U);
  end(id - 1);
  EXPECT_EQ(next(kStart + 1min), "restore a");
}

TEST_F(LanePolicyTest, AModelThatARequestHasBroughtBackIsNotLoadedTwice) {
  lose_a_while_b_answers();
  EXPECT_EQ(next(), "advance");
  policy.residency().begin_load({"a", "a", nullptr}, 1);
  policy.residency().loaded("a", 1, 1);
  EXPECT_EQ(next(), "advance");
  EXPECT_FALSE(policy.wanted("a"));
  end(1);
  EXPECT_EQ(next(), "rest");
}

}  // namespace
}  // namespace axllama::serving
