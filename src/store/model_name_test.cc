#include "store/model_name.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "store/digest.h"

namespace axllama::store {
namespace {

TEST(ModelNameTest, MissingPartsHaveOllamasDefaults) {
  struct Case {
    const char* text;
    const char* full;
    const char* shortest;
  };
  for (const Case& test :
       {Case{"qwen3", "registry.ollama.ai/library/qwen3:latest", "qwen3:latest"},
        Case{" qwen3:4b\n", "registry.ollama.ai/library/qwen3:4b", "qwen3:4b"},
        Case{"me/qwen3", "registry.ollama.ai/me/qwen3:latest", "me/qwen3:latest"},
        Case{"hf.co/A-B/C.d:Q4_K_M", "hf.co/A-B/C.d:Q4_K_M", "hf.co/A-B/C.d:Q4_K_M"},
        Case{"http://localhost:5000/a/b", "localhost:5000/a/b:latest", "localhost:5000/a/b:latest"},
        Case{"Registry.Ollama.AI/Library/x:y", "Registry.Ollama.AI/Library/x:y", "x:y"}}) {
    const auto name = ModelName::parse(test.text);
    ASSERT_TRUE(name) << test.text;
    EXPECT_EQ(name->full_text(), test.full);
    EXPECT_EQ(name->short_text(), test.shortest);
    EXPECT_TRUE(ModelName::parse(name->short_text())->same_as(*name));
  }
  EXPECT_EQ(ModelName::parse("http://localhost:5000/a/b")->scheme, "http");
}

TEST(ModelNameTest, RefusesWhatCouldLeaveTheStoreOrIsTooLong) {
  const std::string longest(80, 'a');
  EXPECT_TRUE(ModelName::parse(longest + ":" + longest));
  const std::vector<std::string> refused{
      "",    " ",     "a b", "..",          "../x",       "a/../b", "a/", "/a",          "a:",
      ":a",  "-a",    ".a",  "a.b/c",       "w/x/y/z",    "a\\b",   "ä",  longest + "a", "a:" + longest + "a",
      "a b", "x:y:z", "a@b", "ftp://a/b/c", "a@sha256:0", "a?b"};
  for (const std::string& text : refused) {
    EXPECT_FALSE(ModelName::parse(text)) << text;
  }
  EXPECT_THROW(ModelName::require("a b"), base::Error);
}

TEST(DigestTest, ReadsBothSpellings) {
  const std::string hex(64, 'A');
  const std::string lower(64, 'a');
  EXPECT_EQ(Digest::parse("sha256:" + hex)->text(), "sha256:" + lower);
  EXPECT_EQ(Digest::parse("sha256-" + hex)->file_name(), "sha256-" + lower);
  for (const std::string& text :
       {hex, "sha256" + hex, "sha512:" + hex, "sha256:" + hex + "0", "sha256:" + hex.substr(1) + "g"}) {
    EXPECT_FALSE(Digest::parse(text)) << text;
  }
}

}  // namespace
}  // namespace axllama::store
