#include "cli/edit_history.h"

#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "model/testing/package_folder.h"

namespace axllama::cli {
namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(EditHistory, IsAPrivateFileOfLines) {
  const model::testing::PackageFolder folder;
  folder.write("history", "from Ollama\nanother\n");
  const fs::path file = folder.path() / "history";
  EditHistory history(file);
  history.add("mine");
  history.add("mine");  // once is enough
  EXPECT_EQ(content(file), "from Ollama\nanother\nmine\n");
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  for (std::size_t i = 0; i < EditHistory::kMostEntries; ++i) history.add(std::to_string(i));
  EXPECT_EQ(EditHistory(file).size(), EditHistory::kMostEntries);
  EXPECT_EQ(content(file).substr(0, 4), "0\n1\n");
}

TEST(EditHistory, GoesBackAndForth) {
  EditHistory history({});
  history.add("one");
  history.add("two");
  EXPECT_EQ(history.newer(), std::nullopt);
  EXPECT_EQ(history.older("typed"), "two");
  EXPECT_EQ(history.older("two"), "one");
  EXPECT_EQ(history.older("one"), std::nullopt);
  EXPECT_EQ(history.newer(), "two");
  EXPECT_EQ(history.newer(), "typed");
  history.older("x");
  history.leave();
  EXPECT_EQ(history.older("y"), "two");
}

TEST(EditHistory, IsSearched) {
  EditHistory history({});
  for (const char* entry : {"apple pie", "banana", "apple cake"}) history.add(entry);
  EXPECT_EQ(history.find("apple", history.size()), 2U);
  EXPECT_EQ(history.find("apple", 2), 0U);
  EXPECT_EQ(history.find("cherry", history.size()), std::nullopt);
  EXPECT_EQ(history.entry(2), "apple cake");
}

}  // namespace
}  // namespace axllama::cli
