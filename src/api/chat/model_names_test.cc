#include "api/chat/model_names.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/error_of.h"

namespace axllama::api::chat {
namespace {

using base::testing::refusal_of;

TEST(ModelNamesTest, ShortestFormWithATag) {
  for (const auto& [asked, expected] : std::vector<std::pair<std::string, std::string>>{
           {"tiny", "tiny:latest"},
           {" tiny:0.5b ", "tiny:0.5b"},
           {"library/tiny", "tiny:latest"},
           {"registry.ollama.ai/library/tiny:x", "tiny:x"},
           {"me/tiny", "me/tiny:latest"},
           {"hf.co/Owner/Repo-GGUF:Q4_K_M", "hf.co/Owner/Repo-GGUF:Q4_K_M"},
           {"localhost:5000/library/tiny", "localhost:5000/library/tiny:latest"},
           {"https://registry.ollama.ai/library/tiny", "tiny:latest"},
           {"tiny:local", "tiny:latest"},
           {"tiny:x:local", "tiny:x"},
           {"tiny:20b-cloud", "tiny:20b-cloud"},
           {"tiny:cloud", "tiny:cloud"}}) {
    EXPECT_EQ(short_model_name(asked), expected) << asked;
  }
}

TEST(ModelNamesTest, RefusesWhatIsNoName) {
  for (const char* asked : {"", " ", ":", "a b", "-a", "a:", ":a", "a:b:c", "a/b/c/d", "//a", "a/", "../a",
                            "a\nb", "n.s/a", "ä", "a@sha256:0"}) {
    EXPECT_EQ(refusal_of([&] { short_model_name(asked); }), "invalid model name") << asked;
  }
  EXPECT_EQ(refusal_of([&] { short_model_name(std::string(81, 'a')); }), "invalid model name");
  EXPECT_EQ(refusal_of([&] { short_model_name("x:cloud:local"); }),
            "use either :local or :cloud, not both: \"x:cloud:local\"");
  EXPECT_EQ(refusal_of([&] { short_model_name("x:local:cloud"); }),
            "use either :local or :cloud, not both: \"x:local:cloud\"");
}

TEST(ModelNamesTest, FullForm) {
  EXPECT_EQ(full_model_name("tiny:latest"), "registry.ollama.ai/library/tiny:latest");
  EXPECT_EQ(full_model_name("me/tiny:x"), "registry.ollama.ai/me/tiny:x");
  EXPECT_EQ(full_model_name("hf.co/a/b:x"), "hf.co/a/b:x");
}

}  // namespace
}  // namespace axllama::api::chat
