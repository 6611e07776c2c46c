#include "softcard/card/settings.h"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace axllama::softcard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Sets environment variables and takes them away again.
class Environment {
 public:
  using Variables = std::vector<std::pair<std::string, std::string>>;

  explicit Environment(Variables variables) : variables_(std::move(variables)) {
    for (const auto& [name, value] : variables_) {
      setenv(name.c_str(), value.c_str(), 1);
    }
  }
  ~Environment() {
    for (const auto& [name, value] : variables_) {
      unsetenv(name.c_str());
    }
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  Variables variables_;
};

std::string complaint(const std::string& json) {
  try {
    parse_settings(json);
  } catch (const SettingsError& error) {
    return error.what();
  }
  return "";
}

TEST(SettingsTest, DefaultsAreOneStrictCardOfEightGigabytes) {
  const Settings settings = settings_from_environment();
  EXPECT_THAT(settings.devices, ElementsAre(1));
  EXPECT_EQ(settings.cmm_bytes, 7040ULL << 20U);
  EXPECT_EQ(settings.mode, Mode::kStrict);
  EXPECT_EQ(settings.timing.name, "native");
}

TEST(SettingsTest, TheEnvironmentIsHeard) {
  const Environment environment({{"AXLLAMA_SOFTCARD_DEVICES", "1,129"},
                                 {"AXLLAMA_SOFTCARD_CMM_MIB", "512"},
                                 {"AXLLAMA_SOFTCARD_MODE", "lenient"},
                                 {"AXLLAMA_SOFTCARD_COUNTERS", "/tmp/x.json"}});
  const Settings settings = settings_from_environment();
  EXPECT_THAT(settings.devices, ElementsAre(1, 129));
  EXPECT_EQ(settings.cmm_bytes, 512ULL << 20U);
  EXPECT_EQ(settings.mode, Mode::kLenient);
  EXPECT_EQ(settings.counters_file, "/tmp/x.json");
}

TEST(SettingsTest, AnEmptyListOfDevicesIsNoCard) {
  const Environment environment(Environment::Variables{{"AXLLAMA_SOFTCARD_DEVICES", ""}});
  EXPECT_THAT(settings_from_environment().devices, IsEmpty());
}

TEST(SettingsTest, MistakesInTheEnvironmentAreNamed) {
  for (const auto& [name, value] :
       {std::pair("AXLLAMA_SOFTCARD_DEVICES", "1,two"), std::pair("AXLLAMA_SOFTCARD_MODE", "relaxed"),
        std::pair("AXLLAMA_SOFTCARD_CMM_MIB", "0"), std::pair("AXLLAMA_SOFTCARD_CMM_MIB", "99999999"),
        std::pair("AXLLAMA_SOFTCARD_DEVICES", "3,3"),
        std::pair("AXLLAMA_SOFTCARD_CONFIG", "/does/not/exist")}) {
    const Environment environment(Environment::Variables{{name, value}});
    EXPECT_THROW(settings_from_environment(), SettingsError) << name << "=" << value;
  }
}

TEST(SettingsTest, JsonSetsTheSameFields) {
  const Settings settings =
      parse_settings(R"({"devices":[3],"cmm_mib":100,"mode":"lenient","properties_ms":5,"quiet":true})");
  EXPECT_THAT(settings.devices, ElementsAre(3));
  EXPECT_EQ(settings.cmm_bytes, 100ULL << 20U);
  EXPECT_EQ(settings.mode, Mode::kLenient);
  EXPECT_EQ(settings.properties_time.count(), 5);
  EXPECT_TRUE(settings.quiet);
}

TEST(SettingsTest, MistakesInJsonAreNamed) {
  EXPECT_THAT(complaint("{"), HasSubstr("not JSON"));
  EXPECT_THAT(complaint("[]"), HasSubstr("object"));
  EXPECT_THAT(complaint(R"({"devcies":[1]})"), HasSubstr("\"devcies\""));
  EXPECT_THAT(complaint(R"({"devices":"1"})"), HasSubstr("\"devices\""));
  EXPECT_THAT(complaint(R"({"mode":"loose"})"), HasSubstr("\"loose\""));
  EXPECT_THAT(complaint(R"({"devices":[1,2,3,4,5,6,7,8,9]})"), HasSubstr("at most 8"));
}

}  // namespace
}  // namespace axllama::softcard
