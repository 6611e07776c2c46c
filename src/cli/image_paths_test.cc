#include "cli/image_paths.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"

namespace axllama::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

class ImagePaths : public ::testing::Test {
 protected:
  ImagePaths()
      : folder_(fs::path(::testing::TempDir()) / ("axllama_image_paths_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
    std::ofstream(folder_ / "a cat.PNG") << "pixel";
    std::ofstream(folder_ / "notes.txt") << "text";
  }
  ~ImagePaths() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(ImagePaths, ExistingPicturesAreTakenOutOfThePrompt) {
  const fs::path cat = folder_ / "a cat.PNG";
  for (const std::string& written :
       {'"' + cat.string() + '"', "'" + cat.string() + "'", (folder_ / "a\\ cat.PNG").string()}) {
    const PromptWithImages found = find_images("What is on " + written + " here?");
    EXPECT_EQ(found.images, std::vector{cat}) << written;
    EXPECT_EQ(found.text, "What is on  here?");
  }
  EXPECT_EQ(find_images('"' + cat.string() + '"').text, "");
}

TEST_F(ImagePaths, OtherWordsStayAsTyped) {
  const std::string prompt =
      "  Read " + (folder_ / "notes.txt").string() + " and /missing.png or\tcat.png, \"so\\ ";
  EXPECT_EQ(find_images(prompt).text, prompt);
  EXPECT_TRUE(find_images(prompt).images.empty());
}

TEST_F(ImagePaths, PicturesAreBase64AndRefusedWithoutVision) {
  const PromptWithImages prompt{"?", {folder_ / "a cat.PNG"}};
  EXPECT_EQ(load_images(prompt, {{"capabilities", {"vision"}}}, "m"), Json::array({"cGl4ZWw="}));
  try {
    load_images(prompt, {{"capabilities", {"completion"}}}, "m");
    FAIL() << "a model without vision took a picture";
  } catch (const base::Error& error) {
    EXPECT_NE(error.message().find("the model 'm' reads text only"), std::string::npos) << error.message();
  }
  EXPECT_TRUE(load_images({"?", {}}, {{"capabilities", {"completion"}}}, "m").empty());
}

}  // namespace
}  // namespace axllama::cli
