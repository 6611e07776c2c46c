#include "doctor/card_checks.h"

#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/paths.h"
#include "tests/support/random_package.h"
#include "tests/support/temporary_folder.h"

namespace axllama::doctor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class CardChecksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_random_layer({}, folder_, 0);
    options.runtime.library = fs::path(AXLLAMA_BINARY_DIR) / "lib/softcard/libaxcl_rt.so";
    options.layer = testing::RandomModel{}.layer_file(folder_, 0);
    set("{}");
  }
  void TearDown() override {
    ::unsetenv("AXLLAMA_SOFTCARD_CONFIG");
    ::unsetenv("AXLLAMA_SOFTCARD_QUIET");
  }

  void set(const std::string& settings) const {
    std::ofstream(folder_ / "card.json") << settings;
    ::setenv("AXLLAMA_SOFTCARD_CONFIG", (folder_ / "card.json").c_str(), 1);
    ::setenv("AXLLAMA_SOFTCARD_QUIET", "1", 1);
  }
  Finding finding(const std::string& check) const {
    std::string seen;
    for (const Finding& found : check_cards(options)) {
      if (found.check == check) return found;
      seen += found.check + ": " + found.text + "\n";
    }
    ADD_FAILURE() << "nothing was found about " << check << " but\n" << seen;
    return {};
  }

  CardCheckOptions options;

 private:
  const testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(CardChecksTest, AHealthyCard) {
  const auto findings = check_cards(options);
  EXPECT_TRUE(healthy(findings));
  EXPECT_EQ(finding("runtime").status, Status::kNote);
  EXPECT_EQ(finding("temperature").text, "Card 1 is at 49 degrees Celsius.");
  EXPECT_EQ(finding("card-memory").status, Status::kOk);
  EXPECT_EQ(finding("self-test chunk-equals-decode").status, Status::kOk);
  EXPECT_THAT(finding("conduct").text, HasSubstr("refuses broken rules"));
}

TEST_F(CardChecksTest, EveryCardIsLookedAt) {
  set(R"({"devices":[1,129],"mode":"lenient"})");
  std::string text;
  for (const Finding& found : check_cards(options)) text += found.text + "\n";
  EXPECT_THAT(text, HasSubstr("lists 2 cards"));
  EXPECT_THAT(text, HasSubstr("Card 1 computes silently wrong results when rules are broken."));
  EXPECT_THAT(text, HasSubstr("Card 129 computes silently wrong results"));
}

TEST_F(CardChecksTest, ACardThatIsOnTheBusButNotUsed) {
  options.card_on_the_bus = true;
  const Finding found = finding("runtime");
  EXPECT_EQ(found.status, Status::kFailed);
  EXPECT_THAT(found.mend, HasSubstr("axcl-smi reboot"));
}

TEST_F(CardChecksTest, NoCardAndNoRuntime) {
  set(R"({"devices":[]})");
  EXPECT_EQ(finding("runtime").status, Status::kFailed);
  EXPECT_THAT(finding("runtime").text, HasSubstr("finds no card"));
  options.runtime.library = "/nowhere/libaxcl_rt.so";
  EXPECT_THAT(finding("runtime").text, HasSubstr("/nowhere/libaxcl_rt.so"));
}

TEST_F(CardChecksTest, ACardWithoutProperties) {
  set(R"({"faults":"properties_error"})");
  EXPECT_EQ(finding("properties").status, Status::kWarning);
}

TEST_F(CardChecksTest, ACardThatComputesGarbage) {
  set(R"({"faults":"corrupt:corruption=noise,tensor=K_cache_out"})");
  bool failed = false;
  for (const Finding& found : check_cards(options)) {
    if (found.status != Status::kFailed) continue;
    failed = true;
    EXPECT_THAT(found.check, HasSubstr("self-test "));
    EXPECT_FALSE(found.mend.empty());
  }
  EXPECT_TRUE(failed);
}

TEST_F(CardChecksTest, ACardThatIsOffline) {
  set(R"({"faults":"offline"})");
  const Finding found = finding("card");
  EXPECT_EQ(found.status, Status::kFailed);
  EXPECT_THAT(found.text, HasSubstr("0x80300181"));
}

TEST_F(CardChecksTest, WithoutAModelResultsAreNotTested) {
  options.layer.reset();
  EXPECT_THAT(finding("self-test").mend, HasSubstr("--model"));
}

}  // namespace
}  // namespace axllama::doctor
