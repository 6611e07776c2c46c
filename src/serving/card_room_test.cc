#include "serving/card_room.h"

#include <gtest/gtest.h>

namespace axllama::serving {
namespace {

LoadedModel loaded(const std::string& name, std::uint64_t bytes, bool pinned = false) {
  LoadedModel model;
  model.model.name = name;
  model.card_bytes = bytes;
  model.pinned = pinned;
  return model;
}

TEST(CardRoom, SaysWhatIsNeededWhatIsFreeAndWhoHasTheRest) {
  const CardRoom room{"big:latest",
                      4'200'000'000,
                      1'100'000'000,
                      7'000'000'000,
                      {loaded("a:latest", 3'000'000'000, true), loaded("b:latest", 500'000'000)}};
  const base::Error error = no_room(room, "The card has no room for layer 3.");
  EXPECT_EQ(error.code(), base::ErrorCode::kResourceExhausted);
  EXPECT_EQ(error.message(),
            "big:latest does not fit on the card: it takes at least 4.2 GB, and 1.1 GB of 7.0 GB are free. "
            "a:latest (pinned) takes 3.0 GB, b:latest takes 500 MB, others 2.4 GB. "
            "The card has no room for layer 3.");
}

TEST(CardRoom, SaysOnlyWhatIsKnown) {
  CardRoom room;
  room.model = "big:latest";
  EXPECT_EQ(no_room(room, {}).message(), "big:latest does not fit on the card.");
  room.free_bytes = 5;
  EXPECT_EQ(no_room(room, {}).message(), "big:latest does not fit on the card: 5 B are free.");
  room.total_bytes = 8;
  EXPECT_EQ(no_room(room, {}).message(),
            "big:latest does not fit on the card: 5 B of 8 B are free. Others take 3 B.");
}

TEST(CardRoom, SaysWhichModelsStandInTheWay) {
  CardRoom room;
  room.model = "c";
  room.others = {loaded("a", 1, true), loaded("b", 1)};
  EXPECT_EQ(
      too_many_models(room, 2).message(),
      "c is not loaded: at most 2 models may be on the card (OLLAMA_MAX_LOADED_MODELS), and a (pinned), "
      "b cannot go.");
}

}  // namespace
}  // namespace axllama::serving
