// Which models are on a fake card: pins, limits, refusals, and what still answers while one is loaded.

#include <chrono>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serving/testing/fake_card_test.h"

namespace axllama::serving {
namespace {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorCode;
using ::testing::HasSubstr;

class LaneResidency : public FakeCardTest {
 protected:
  void use(const std::string& name) {
    EXPECT_EQ(text_of(read_all(scheduler().submit(request(name, 1)))), "0 ");
  }
  /// Why the model is not loaded.
  Error refusal(const std::string& name) {
    const auto events = read_all(scheduler().submit(request(name, 1)));
    const auto* error = std::get_if<Error>(&events.back());
    return error != nullptr ? *error : Error(ErrorCode::kInternal, name + " was loaded");
  }
};

TEST_F(LaneResidency, APinnedModelMakesWayForNobody) {
  card.room = 2;
  read_all(scheduler().pin(model("a")));
  EXPECT_EQ(loaded(), "a* ");
  EXPECT_EQ(scheduler().loaded().at(0).expires_at, std::chrono::system_clock::time_point::max());
  InferenceRequest once = request("a", 1);
  once.keep_alive = KeepAlive{0s};  // of one client; the model stays
  read_all(scheduler().submit(once));
  use("b");
  use("c");
  EXPECT_EQ(loaded(), "a* c ");
  EXPECT_TRUE(scheduler().unload(model("a").digest));  // asked for
  EXPECT_TRUE(eventually([&] { return loaded() == "c "; }));
  use("a");
  EXPECT_EQ(loaded(), "c a* ");
}

TEST_F(LaneResidency, APinnedModelThatTheCardLostComesBackUnasked) {
  read_all(scheduler().pin(model("a")));
  const SharedCount failures = shared_count();
  card.on_step = [failures] {
    if (++*failures == 1) {
      throw Error(ErrorCode::kUnavailable, "The card is gone.");
    }
  };
  use("b");
  EXPECT_EQ(card.opened, 2U);
  EXPECT_TRUE(eventually([&] { return loaded() == "b a* "; })) << loaded();
  EXPECT_EQ(card.loads, 4U);  // each twice
}

TEST_F(LaneResidency, ARefusalSaysWhoHasTheMemory) {
  card.room = 1;
  read_all(scheduler().pin(model("a")));
  const Error error = refusal("b");
  EXPECT_EQ(error.code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(error.message(),
            "b:latest does not fit on the card: 1.1 GB are free. a:latest (pinned) takes 1.0 KB. "
            "The card has no room for layer 3.");
  EXPECT_EQ(loaded(), "a* ");
}

TEST_F(LaneResidency, TheNumberOfModelsCanBeLimited) {
  options.max_loaded = 2;
  for (const char* name : {"a", "b", "a", "c"}) {
    use(name);
  }
  EXPECT_EQ(loaded(), "a c ");
  read_all(scheduler().pin(model("a")));
  read_all(scheduler().pin(model("c")));
  EXPECT_THAT(refusal("d").message(), HasSubstr("at most 2 models may be on the card"));
  EXPECT_EQ(loaded(), "a* c* ");
}

TEST_F(LaneResidency, EverythingElseAnswersWhileAModelIsLoaded) {
  card.load_layer.close();
  const Stream loading = scheduler().load(model("a"), {});
  card.load_layer.wait_for_arrivals(1);
  // The lane's thread stands in the load: what comes back now has not waited for it.
  const Stream waiting = scheduler().submit(request("b", 1));
  EXPECT_EQ(loaded(), "a+ ");
  EXPECT_TRUE(scheduler().card_status().available);
  EXPECT_EQ(scheduler().queue_length(), 1U);
  EXPECT_FALSE(scheduler().unload(model("b").digest));
  scheduler().reset_caches();
  waiting->cancel();
  EXPECT_EQ(scheduler().queue_length(), 0U);
  EXPECT_EQ(card.load_layer.arrivals(), 1U);
  card.load_layer.open();
  read_all(loading);
}

TEST_F(LaneResidency, ALoadThatGetsNoFurtherIsTold) {
  options.load_limit = 200ms;
  card.load_layer.close();
  const auto events = read_all(scheduler().load(model("a"), {}));
  const auto& error = std::get<Error>(events.back());
  EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
  EXPECT_THAT(error.message(), HasSubstr("while loading a:latest"));
  card.load_layer.open();
  EXPECT_TRUE(eventually([&] { return card.closed == 1; }));  // the call has returned
}

TEST_F(LaneResidency, ALoadMayTakeForEver) {
  options.load_limit = std::chrono::nanoseconds::max();
  use("a");
  EXPECT_EQ(loaded(), "a ");
}

}  // namespace
}  // namespace axllama::serving
