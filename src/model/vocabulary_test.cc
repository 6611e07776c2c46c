#include "model/vocabulary.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/testing/package_folder.h"

namespace axllama::model {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::PackageFolder;

class VocabularyTest : public ::testing::Test {
 protected:
  VocabularyTest() {
    model_.write_package();
    draft_.write_package(1);
  }
  std::string refusal() const {
    try {
      require_same_vocabulary(*Package::open(model_.path()), *Package::open(draft_.path()));
    } catch (const base::Error& error) {
      EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
      return error.message();
    }
    return {};
  }
  void replace_in_draft(const std::string& text, const std::string& replacement) const {
    const fs::path file = draft_.path() / "tokenizer.json";
    std::ifstream stream(file, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    const auto at = content.find(text);
    ASSERT_NE(at, std::string::npos);
    draft_.write("tokenizer.json", content.replace(at, text.size(), replacement));
  }

  PackageFolder model_;
  PackageFolder draft_;
};

TEST_F(VocabularyTest, IsTheSameOfPackagesWithOneTokenizer) {
  EXPECT_EQ(refusal(), "");
  draft_.write_embedding(384, 64);  // more padding behind the tokens
  EXPECT_EQ(refusal(), "");
}

TEST_F(VocabularyTest, ADifferenceIsNamedWithBothPackages) {
  const std::string model = model_.path().filename();
  const std::string draft = draft_.path().filename();
  draft_.write_tokenizer(3);
  EXPECT_THAT(refusal(), AllOf(HasSubstr(draft + " cannot guess tokens for " + model),
                               HasSubstr(draft + " has 259 tokens, " + model + " has 258.")));
  draft_.write_tokenizer();
  replace_in_draft("<|special_1|>", "<|other_1|>");
  EXPECT_THAT(refusal(), HasSubstr("Token 257 is \"<|other_1|>\" (special) in " + draft +
                                   " and \"<|special_1|>\" (special) in " + model));
  draft_.write_tokenizer();
  replace_in_draft("\"special\":true", "\"special\":false");
  EXPECT_THAT(refusal(), HasSubstr("Token 256 is \"<|special_0|>\" in " + draft +
                                   " and \"<|special_0|>\" (special) in " + model));
}

}  // namespace
}  // namespace axllama::model
