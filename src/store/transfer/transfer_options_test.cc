#include "store/transfer/transfer_options.h"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace axllama::store {
namespace {

TransferOptions options_of(const std::map<std::string, std::string>& variables) {
  return transfer_options_from_environment([&variables](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST(TransferOptionsTest, Defaults) {
  const TransferOptions options = options_of({});
  EXPECT_EQ(options.streams, 4U);
  EXPECT_EQ(options.hub, "https://huggingface.co");
  EXPECT_EQ(options.hub_token, "");
  EXPECT_TRUE(options.registry_credentials.empty());
  EXPECT_TRUE(options.identity.empty());
  EXPECT_TRUE(options.catalogue.empty());
}

TEST(TransferOptionsTest, VariablesSayHowModelsAreFetched) {
  const TransferOptions options =
      options_of({{"HF_ENDPOINT", "\"http://mirror.example/\""},
                  {"HF_TOKEN", " secret "},
                  {"HOME", "/nowhere"},
                  {"AXLLAMA_REGISTRY_AUTH", "a.example=me:pass=word, b.example:5000=you:x, nonsense"},
                  {"OLLAMA_MAX_TRANSFER_STREAMS", " 7 "}});
  EXPECT_EQ(options.hub, "http://mirror.example");
  EXPECT_EQ(options.hub_token, "secret");
  EXPECT_EQ(options.registry_credentials,
            (std::map<std::string, std::string>{{"a.example", "me:pass=word"}, {"b.example:5000", "you:x"}}));
  EXPECT_EQ(options.identity, "/nowhere/.ollama/id_ed25519");
  EXPECT_EQ(options.catalogue, "/nowhere/.axllama/catalogue.json");
  EXPECT_EQ(options.streams, 7U);
  EXPECT_EQ(options_of({{"HOME", "/nowhere"}, {"AXLLAMA_CATALOGUE", "/my.json"}}).catalogue, "/my.json");
}

TEST(TransferOptionsTest, OurNameOfTheNumberOfConnectionsWins) {
  const auto streams = [](const std::string& ours, const std::string& ollamas) {
    return options_of({{"AXLLAMA_MAX_TRANSFER_STREAMS", ours}, {"OLLAMA_MAX_TRANSFER_STREAMS", ollamas}})
        .streams;
  };
  EXPECT_EQ(options_of({{"AXLLAMA_MAX_TRANSFER_STREAMS", "2"}}).streams, 2U);
  EXPECT_EQ(streams("2", "7"), 2U);
  EXPECT_EQ(streams("", "7"), 7U);
  EXPECT_EQ(streams("33", "7"), 32U) << "the most there are";
  for (const char* unusable : {"0", "-1", "many", "8x"}) EXPECT_EQ(streams(unusable, ""), 4U) << unusable;
}

}  // namespace
}  // namespace axllama::store
