// Draft models on a fake card: when they are loaded, what happens when they cannot be, and when they go.

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serving/testing/fake_card_test.h"

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using ::testing::HasSubstr;

/// A model that names a draft.
InferenceRequest drafted(const std::string& name, int tokens, const std::string& draft = "small",
                         const std::string& client = "client") {
  InferenceRequest result = request(name, tokens, client);
  result.model.draft = std::make_shared<const ModelReference>(model(draft));
  return result;
}

class LaneDraft : public FakeCardTest {
 protected:
  void TearDown() override {
    FakeCardTest::TearDown();
    EXPECT_EQ(card.drafts, 0U);
  }
  void use(InferenceRequest asked) {
    EXPECT_EQ(text_of(read_all(scheduler().submit(std::move(asked)))), "0 ");
  }
  /// Why the draft of the first model does not guess; "guesses" when it does.
  std::string draft() {
    const auto all = scheduler().loaded();
    if (all.empty() || !all.front().model.draft) return "none";
    const std::string& problem = all.front().draft_problem;
    return problem.empty() ? all.front().model.draft->name + " guesses" : problem;
  }
};

TEST_F(LaneDraft, IsLoadedWithItsModelAndGoesWithIt) {
  use(drafted("a", 1));
  EXPECT_EQ(card.loads, 2U);
  EXPECT_EQ(draft(), "small:latest guesses");
  EXPECT_EQ(scheduler().loaded().size(), 1U);
  EXPECT_EQ(scheduler().loaded().at(0).card_bytes, 1100U);
  EXPECT_FALSE(scheduler().loaded().at(0).loading);
  use(drafted("a", 1));
  EXPECT_EQ(card.loads, 2U);
  scheduler().unload(model("a").digest);
  EXPECT_TRUE(eventually([&] { return card.resident == 0; }));
  EXPECT_EQ(card.drafts, 0U);
}

TEST_F(LaneDraft, ComesToALoadedModelWhenNothingRuns) {
  card.slots = 2;
  card.step.close();
  const Stream running = scheduler().submit(request("a", 2, "x"));
  card.step.wait_for_arrivals(1);
  const Stream waiting = scheduler().submit(drafted("a", 1, "small", "y"));
  card.step.let_pass(1);
  card.step.wait_for_arrivals(2);
  EXPECT_EQ(card.loads, 1U);  // not while an answer is generated
  EXPECT_EQ(draft(), "none");
  card.step.open();
  EXPECT_EQ(text_of(read_all(running)), "0 1 ");
  EXPECT_EQ(text_of(read_all(waiting)), "0 ");
  EXPECT_EQ(card.loads, 2U);
  EXPECT_EQ(draft(), "small:latest guesses");
  use(request("a", 1));  // by the name without a draft
  EXPECT_EQ(draft(), "small:latest guesses");
}

TEST_F(LaneDraft, AnotherOneTakesItsPlace) {
  use(drafted("a", 1, "small"));
  use(drafted("a", 1, "smaller"));
  EXPECT_EQ(draft(), "smaller:latest guesses");
  EXPECT_EQ(card.drafts, 1U);
  EXPECT_EQ(card.resident, 2U);
  EXPECT_EQ(card.loads, 3U);
}

TEST_F(LaneDraft, WithoutRoomForItTheModelAnswersAlone) {
  card.room = 1;
  use(drafted("a", 1));
  EXPECT_THAT(draft(), HasSubstr("small:latest does not fit on the card"));
  EXPECT_EQ(scheduler().loaded().at(0).card_bytes, 1000U);
  const std::size_t loads = card.loads;
  use(drafted("a", 1));
  EXPECT_EQ(card.loads, loads);  // not tried again
}

TEST_F(LaneDraft, IdleModelsMakeRoomForIt) {
  card.room = 2;
  use(request("old", 1));
  use(drafted("a", 1));
  EXPECT_EQ(draft(), "small:latest guesses");
  EXPECT_EQ(scheduler().loaded().size(), 1U);
}

TEST_F(LaneDraft, WithAnotherVocabularyItIsNotUsed) {
  card.same_vocabulary = false;
  use(drafted("a", 1));
  EXPECT_EQ(draft(), "The vocabularies differ.");
  EXPECT_EQ(card.drafts, 0U);
  EXPECT_EQ(card.resident, 1U);
}

TEST_F(LaneDraft, WhatIsKnownToBeWrongWithItIsSaid) {
  ModelReference missing = model("small");
  missing.problem = "model 'small' not found";
  InferenceRequest asked = request("a", 1);
  asked.model.draft = std::make_shared<const ModelReference>(missing);
  use(asked);
  EXPECT_EQ(draft(), "model 'small' not found");
  EXPECT_EQ(card.loads, 1U);
}

TEST_F(LaneDraft, IsNotLoadedWhereNothingIsGuessed) {
  options.speculation = false;
  use(drafted("a", 1));
  EXPECT_EQ(card.loads, 1U);
  EXPECT_EQ(draft(), "none");
}

TEST_F(LaneDraft, IsNotLoadedOnACardWhereItCouldNotGuess) {
  card.guesses = false;
  use(drafted("a", 1));
  EXPECT_EQ(card.loads, 1U);
  EXPECT_EQ(draft(), "Chunks differ.");
}

TEST_F(LaneDraft, AReaderWhoLeavesWhileItIsLoadedLeavesTheModel) {
  use(request("a", 1));
  card.load_layer.close();
  const std::size_t layers = card.load_layer.arrivals();
  Stream leaving = scheduler().submit(drafted("a", 1));
  card.load_layer.wait_for_arrivals(layers + 1);
  leaving.reset();
  card.load_layer.open();
  EXPECT_TRUE(eventually([&] { return draft() == "none"; }));
  use(drafted("a", 1));
  EXPECT_EQ(draft(), "small:latest guesses");
}

TEST_F(LaneDraft, ACardThatIsLostAndFoundHasItAgain) {
  use(drafted("a", 1));
  const SharedCount steps = shared_count();
  card.on_step = [steps] {
    if (++*steps == 1) throw Error(ErrorCode::kUnavailable, "The card is gone.");
  };
  use(drafted("a", 1));  // recovered without it: that has to be done in time
  EXPECT_EQ(card.drafts, 0U);
  use(drafted("a", 1));
  EXPECT_EQ(draft(), "small:latest guesses");
}

}  // namespace
}  // namespace axllama::serving
