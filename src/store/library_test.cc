#include "store/library.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/error.h"
#include "model/testing/package_folder.h"
#include "store/sha256.h"
#include "store/watched_folder.h"
#include "tests/support/temporary_folder.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;

class LibraryTest : public ::testing::Test {
 protected:
  fs::path add(const std::string& folder, const std::string& content = "x", int age_hours = 0) {
    const fs::path path = root_ / folder;
    fs::create_directories(path);
    std::ofstream(path / "m_p128_l0_together.axmodel") << content;
    fs::last_write_time(path / "m_p128_l0_together.axmodel",
                        fs::file_time_type::clock::now() - std::chrono::hours(age_hours));
    return path;
  }

  const axllama::testing::TemporaryFolder temporary_;
  const fs::path root_ = temporary_.path();
};

TEST_F(LibraryTest, ListsPackagesNewestFirstAndLeavesOtherFoldersOut) {
  add("models/old", "x", 5);
  add("models/new:Q8", "x", 1);
  fs::create_directories(root_ / "models" / "empty");
  std::ofstream(root_ / "models" / "notes.txt") << "no package";
  const auto records = Library({root_ / "models", root_ / "missing"}).list();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].name, "new:Q8");
  EXPECT_EQ(records[1].name, "old:latest");
  EXPECT_EQ(records[1].size, 1U);
  EXPECT_EQ(records[1].digest.size(), 64U);
}

TEST_F(LibraryTest, NamesAreCaseInsensitiveAndLatestIsTheDefaultTag) {
  add("models/Tiny");
  const Library library({root_ / "models"});
  for (const char* name : {"tiny", "TINY:latest", "Tiny"}) EXPECT_EQ(library.find(name).name, "Tiny:latest");
  try {
    library.find("tiny:other");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kNotFound);
    EXPECT_EQ(error.message(), "model 'tiny:other' not found");
  }
}

TEST_F(LibraryTest, AnEarlierRootHidesTheSameNameInALaterOne) {
  add("mine/tiny", "mine");
  add("bundled/tiny", "bundled one");
  const auto records = Library({root_ / "mine", root_ / "bundled"}).list();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].folder, root_ / "mine" / "tiny");
}

TEST_F(LibraryTest, ADraftIsNamedByTheOptionsElseByTheSettings) {
  add("models/big");
  add("models/other");
  const Library library(LibraryOptions{
      .roots = {root_ / "models"}, .drafts = {{"Big", "small"}, {"registry.ollama.ai/library/x:1", "tiny"}}});
  ModelSettings settings;
  EXPECT_EQ(library.draft(library.find("big:latest"), settings), "small");
  EXPECT_EQ(library.draft(library.find("other"), settings), "");
  settings.draft = "own";
  EXPECT_EQ(library.draft(library.find("big"), settings), "small");
  EXPECT_EQ(library.draft(library.find("other"), settings), "own");
  ModelRecord record;
  record.name = "x:1";
  EXPECT_EQ(library.draft(record, settings), "tiny");
}

TEST_F(LibraryTest, TheDigestFollowsTheContentAndDroppedPackagesAppear) {
  const Library library({root_ / "models"});
  EXPECT_TRUE(library.list().empty());
  add("models/a", "one");
  const std::string before = library.find("a").digest;
  EXPECT_EQ(library.find("a").digest, before);
  add("models/a", "two");
  EXPECT_NE(library.find("a").digest, before);
}

TEST(WatchedFolderTest, PackagesAppearWhenTheyAreComplete) {
  const model::testing::PackageFolder root;
  const WatchedFolder eager(root.path(), std::chrono::milliseconds(0));
  const WatchedFolder patient(root.path(), std::chrono::hours(1));
  EXPECT_TRUE(eager.packages().empty());

  model::testing::PackageFolder source;
  source.write_package();
  fs::create_directories(root.path() / "tiny");
  for (const auto& entry : fs::directory_iterator(source.path())) {
    EXPECT_TRUE(eager.packages().empty()) << "before " << entry.path().filename();
    fs::copy(entry.path(), root.path() / "tiny");
  }
  ASSERT_EQ(eager.packages().size(), 1U);
  EXPECT_EQ(eager.packages()[0].folder, root.path() / "tiny");
  EXPECT_TRUE(patient.packages().empty());  // it changed just now

  root.write("tiny/.more.bin.Xy12ab", "");  // as rsync names what it is writing
  EXPECT_TRUE(eager.packages().empty());
  root.remove("tiny/.more.bin.Xy12ab");
  EXPECT_EQ(eager.packages().size(), 1U);
  fs::remove_all(root.path() / "tiny");
  EXPECT_TRUE(eager.packages().empty());
}

TEST(Sha256Test, KnownAnswers) {
  EXPECT_EQ(Sha256().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 hash;
  hash.update("a");
  hash.update("bc");
  EXPECT_EQ(hash.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace axllama::store
