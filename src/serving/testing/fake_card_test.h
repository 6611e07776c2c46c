#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "serving/scheduler.h"
#include "serving/testing/fake_card.h"
#include "serving/testing/streams.h"

namespace axllama::serving {

/// A scheduler over a fake card, made with `options` when it is first used. At the end of each test nothing
/// is left on the card, and all calls were made as they must be.
class FakeCardTest : public ::testing::Test {
 protected:
  Scheduler& scheduler() {
    if (!scheduler_) {
      scheduler_ = std::make_unique<Scheduler>(options, card.factory());
    }
    return *scheduler_;
  }
  void TearDown() override {
    card.step.open();
    card.load_layer.open();
    card.measure.open();
    scheduler_.reset();
    EXPECT_EQ(card.resident, 0U);
    EXPECT_EQ(card.active_generations, 0U);
    EXPECT_FALSE(card.wrong_thread);
    EXPECT_FALSE(card.disturbed);
  }
  /// The names of the models on the card, with "+" behind one that is loading and "*" behind one that is
  /// pinned.
  std::string loaded() {
    std::string names;
    for (const LoadedModel& entry : scheduler().loaded()) {
      names += entry.model.name.substr(0, entry.model.name.find(':')) + (entry.loading ? "+" : "") +
               (entry.pinned ? "*" : "") + " ";
    }
    return names;
  }

  SchedulerOptions options;
  FakeCard card;

 private:
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace axllama::serving
