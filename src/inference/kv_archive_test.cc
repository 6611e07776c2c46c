#include "inference/kv_archive.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <fstream>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "inference/random.h"
#include "inference/testing/gated_disk.h"
#include "inference/testing/test_card.h"
#include "telemetry/log.h"

namespace axllama::inference {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Tokens = std::vector<text::TokenId>;

constexpr KvLayout kLayout{3, 16};
constexpr std::uint64_t kTokenBytes = 2 * 3 * 16;
constexpr std::uint64_t kPlenty = 1U << 20U;

Tokens tokens_from(text::TokenId first, std::size_t count) {
  Tokens tokens(count);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

Tokens operator+(Tokens a, const Tokens& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// What the rows of a token are in these tests: they depend on all tokens up to it.
std::byte row_byte(const Tokens& tokens, std::size_t token, std::size_t layer, std::size_t i, bool value) {
  std::size_t sum = layer * 7 + i * 3 + (value ? 101 : 0);
  for (std::size_t t = 0; t <= token; ++t) {
    sum = sum * 31 + static_cast<std::size_t>(tokens[t]);
  }
  return static_cast<std::byte>(sum >> 5U);
}

std::vector<std::byte> rows(const Tokens& tokens, std::size_t layer, std::size_t first, std::size_t count,
                            bool value) {
  std::vector<std::byte> bytes;
  for (std::size_t row = first; row < first + count; ++row) {
    for (std::size_t i = 0; i < kLayout.row_bytes; ++i) {
      bytes.push_back(row_byte(tokens, row, layer, i, value));
    }
  }
  return bytes;
}

/// Writes a sequence as the engine does, `at_once` rows at a time. Returns the first token that was wanted;
/// the sequence's size when none was.
std::size_t store(KvTier& tier, const Tokens& tokens, std::size_t pinned = 0, std::size_t at_once = 50) {
  const std::unique_ptr<KvSink> sink = tier.store(tokens, pinned);
  if (!sink) {
    return tokens.size();
  }
  for (std::size_t layer = 0; layer < kLayout.layers; ++layer) {
    for (std::size_t first = sink->first(); first < tokens.size(); first += at_once) {
      const std::size_t count = std::min(at_once, tokens.size() - first);
      EXPECT_TRUE(sink->write(layer, first, rows(tokens, layer, first, count, false),
                              rows(tokens, layer, first, count, true)));
    }
  }
  const std::size_t first = sink->first();
  sink->finish();
  return first;
}

/// Keeps the log out of a test that damages many files.
class QuietLog {
 public:
  QuietLog() { telemetry::set_log_level(telemetry::LogLevel::kOff); }
  ~QuietLog() { telemetry::set_log_level(before_); }
  QuietLog(const QuietLog&) = delete;
  QuietLog& operator=(const QuietLog&) = delete;

 private:
  telemetry::LogLevel before_ = telemetry::log_level();
};

/// Whether [first, first + count) of every layer can be read and is what was written.
bool holds(KvTier& tier, const Tokens& tokens, std::size_t first, std::size_t count) {
  const std::unique_ptr<KvSource> source = tier.load(tokens);
  if (!source || source->tokens() < first + count) {
    return false;
  }
  for (std::size_t layer = 0; layer < kLayout.layers; ++layer) {
    std::vector<std::byte> keys(count * kLayout.row_bytes);
    std::vector<std::byte> values(keys.size());
    if (!source->read(layer, first, keys, values) || keys != rows(tokens, layer, first, count, false) ||
        values != rows(tokens, layer, first, count, true)) {
      return false;
    }
  }
  return true;
}

std::shared_ptr<KvArchive> in_memory(std::uint64_t bytes = kPlenty) {
  return std::make_shared<KvArchive>(KvArchiveOptions{bytes, {}, 0});
}

std::shared_ptr<KvArchive> on_disk(const fs::path& folder, std::uint64_t bytes = kPlenty) {
  return std::make_shared<KvArchive>(KvArchiveOptions{0, folder, bytes});
}

std::vector<fs::path> block_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

void overwrite(const fs::path& file, std::uint64_t offset, char byte) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(offset));
  stream.put(byte);
}

TEST(KvArchive, GivesBackWhatItWasGiven) {
  const auto tier = in_memory()->tier("digest", kLayout);
  const Tokens conversation = tokens_from(1, 150);
  EXPECT_EQ(tier->longest_match(conversation), 0U);
  EXPECT_EQ(tier->load(conversation), nullptr);
  EXPECT_EQ(store(*tier, conversation), 0U);
  EXPECT_EQ(tier->longest_match(conversation + tokens_from(900, 5)), 150U);
  EXPECT_EQ(tier->longest_match(tokens_from(1, 70)), 70U);
  EXPECT_EQ(tier->longest_match(tokens_from(1, 70) + tokens_from(500, 9)), 70U);  // parts within a block
  EXPECT_EQ(tier->longest_match(tokens_from(2, 70)), 0U);
  EXPECT_TRUE(holds(*tier, conversation, 0, 150));
  EXPECT_TRUE(holds(*tier, conversation, 63, 2));
  EXPECT_TRUE(holds(*tier, conversation, 100, 50));
  EXPECT_TRUE(holds(*tier, tokens_from(1, 70) + tokens_from(500, 9), 10, 60));
  EXPECT_EQ(store(*tier, conversation), 150U);       // kept already
  EXPECT_EQ(store(*tier, tokens_from(1, 90)), 90U);  // and its beginnings
}

TEST(KvArchive, ConversationsShareTheirBeginning) {
  const auto archive = in_memory();
  const auto tier = archive->tier("digest", kLayout);
  const Tokens system = tokens_from(1, 140);
  const Tokens first = system + tokens_from(1000, 60);
  const Tokens second = system + tokens_from(2000, 60);
  EXPECT_EQ(store(*tier, first), 0U);
  EXPECT_EQ(archive->usage().host_bytes, 200 * kTokenBytes);
  EXPECT_EQ(store(*tier, second), 128U);  // two whole blocks are shared
  EXPECT_EQ(archive->usage().host_bytes, (200 + 72) * kTokenBytes);
  EXPECT_TRUE(holds(*tier, first, 0, 200));
  EXPECT_TRUE(holds(*tier, second, 0, 200));
}

TEST(KvArchive, ALaterTurnReplacesTheUnfinishedBlock) {
  const auto archive = in_memory();
  const auto tier = archive->tier("digest", kLayout);
  EXPECT_EQ(store(*tier, tokens_from(1, 100)), 0U);
  EXPECT_EQ(store(*tier, tokens_from(1, 130)), 64U);
  EXPECT_EQ(archive->usage().blocks, 3U);
  EXPECT_EQ(archive->usage().host_bytes, 130 * kTokenBytes);
  EXPECT_TRUE(holds(*tier, tokens_from(1, 130), 0, 130));
}

TEST(KvArchive, AnUnfinishedSinkLeavesNothing) {
  const auto archive = in_memory();
  const auto tier = archive->tier("digest", kLayout);
  const Tokens tokens = tokens_from(1, 100);
  {
    const auto sink = tier->store(tokens, 0);
    EXPECT_TRUE(sink->write(0, 0, rows(tokens, 0, 0, 100, false), rows(tokens, 0, 0, 100, true)));
  }
  EXPECT_EQ(tier->longest_match(tokens), 0U);
  EXPECT_EQ(archive->usage().host_bytes, 0U);
}

TEST(KvArchive, WhatWasUsedLongestAgoGoesFirstAndSharedBeginningsLast) {
  const auto archive = in_memory(300 * kTokenBytes);
  const auto tier = archive->tier("digest", kLayout);
  const Tokens system = tokens_from(1, 64);
  store(*tier, system + tokens_from(1000, 64), 64);
  store(*tier, tokens_from(3000, 64));
  store(*tier, tokens_from(4000, 64));
  EXPECT_TRUE(holds(*tier, tokens_from(3000, 64), 0, 64));  // used again
  store(*tier, tokens_from(5000, 120));
  EXPECT_EQ(tier->longest_match(system + tokens_from(1000, 64)), 64U);
  EXPECT_EQ(tier->longest_match(tokens_from(4000, 64)), 0U);
  EXPECT_EQ(tier->longest_match(tokens_from(3000, 64)), 64U);
  EXPECT_EQ(tier->longest_match(tokens_from(5000, 120)), 120U);
  EXPECT_LE(archive->usage().host_bytes, 300 * kTokenBytes);
}

TEST(KvArchive, KeepsTheBeginningOfWhatIsTooLarge) {
  const auto archive = in_memory(200 * kTokenBytes);
  const auto tier = archive->tier("digest", kLayout);
  store(*tier, tokens_from(1, 1000));
  EXPECT_EQ(tier->longest_match(tokens_from(1, 1000)), 192U);
  EXPECT_TRUE(holds(*tier, tokens_from(1, 1000), 0, 192));
  EXPECT_EQ(in_memory(10)->tier("digest", kLayout)->store(tokens_from(1, 1000), 0), nullptr);
}

TEST(KvArchive, FindsItsConversationsOnDiskAgain) {
  const TemporaryFolder folder;
  const Tokens conversation = tokens_from(1, 150);
  store(*on_disk(folder.path())->tier("digest", kLayout), conversation);
  const auto archive = on_disk(folder.path());
  EXPECT_GT(archive->usage().disk_bytes, 150 * kTokenBytes);
  const auto tier = archive->tier("digest", kLayout);
  EXPECT_EQ(archive->usage().blocks, 3U);
  EXPECT_TRUE(holds(*tier, conversation, 0, 150));
  EXPECT_TRUE(holds(*tier, conversation, 70, 3));
  EXPECT_EQ(store(*tier, conversation + tokens_from(7000, 10)), 128U);
  archive->flush();
  EXPECT_TRUE(holds(*tier, conversation + tokens_from(7000, 10), 0, 160));
  EXPECT_EQ(block_files(folder.path()).size(), 3U);
  EXPECT_EQ(archive->usage().host_bytes, 0U);
  EXPECT_EQ(archive->tier("another", kLayout)->longest_match(conversation), 0U);
  EXPECT_EQ(archive->tier("digest", {3, 32})->longest_match(conversation), 0U);
  EXPECT_EQ(fs::status(folder.path()).permissions(), fs::perms::owner_all);
}

TEST(KvArchive, FindsThemAfterItsProcessWasKilled) {
  const TemporaryFolder folder;
  const Tokens conversation = tokens_from(1, 150);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto archive = on_disk(folder.path());
    store(*archive->tier("digest", kLayout), conversation);
    archive->flush();
    const auto unfinished = archive->tier("digest", kLayout)->store(tokens_from(5000, 100), 0);
    ::raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto tier = on_disk(folder.path())->tier("digest", kLayout);
  EXPECT_TRUE(holds(*tier, conversation, 0, 150));
  EXPECT_EQ(tier->longest_match(tokens_from(5000, 100)), 0U);
}

TEST(KvArchive, StaysWithinTheDiskBudget) {
  const TemporaryFolder folder;
  const auto archive = on_disk(folder.path(), 40'000);
  const auto tier = archive->tier("digest", kLayout);
  for (text::TokenId i = 0; i < 12; ++i) {
    store(*tier, tokens_from(1000 * i, 64));
    archive->flush();
  }
  std::uint64_t bytes = 0;
  for (const fs::path& file : block_files(folder.path())) {
    bytes += fs::file_size(file);
  }
  EXPECT_LE(bytes, 40'000U);
  EXPECT_EQ(archive->usage().disk_bytes, bytes);
  EXPECT_EQ(tier->longest_match(tokens_from(0, 64)), 0U);
  EXPECT_TRUE(holds(*tier, tokens_from(11000, 64), 0, 64));
  const auto smaller = on_disk(folder.path(), 10'000);  // files of models that are not loaded go as well
  EXPECT_LE(smaller->usage().disk_bytes, 10'000U);
  EXPECT_TRUE(holds(*smaller->tier("digest", kLayout), tokens_from(11000, 64), 0, 64));
}

TEST(KvArchive, DamagedRowsAreNoticedAndDropped) {
  const TemporaryFolder folder;
  const Tokens conversation = tokens_from(1, 64);
  store(*on_disk(folder.path())->tier("digest", kLayout), conversation);
  const fs::path file = block_files(folder.path()).at(0);
  const std::uint64_t size = fs::file_size(file);
  overwrite(file, size - 1, static_cast<char>(~static_cast<int>(row_byte(conversation, 63, 2, 15, true))));
  const auto tier = on_disk(folder.path())->tier("digest", kLayout);
  EXPECT_EQ(tier->longest_match(conversation), 64U);  // not looked into yet
  EXPECT_FALSE(holds(*tier, conversation, 0, 64));
  EXPECT_EQ(tier->longest_match(conversation), 0U);
  EXPECT_EQ(store(*tier, conversation), 0U);
}

TEST(KvArchive, FilesThatAreNotBlocksAreIgnoredAndLeftAlone) {
  const TemporaryFolder folder;
  const Tokens conversation = tokens_from(1, 150);
  store(*on_disk(folder.path())->tier("digest", kLayout), conversation);
  std::vector<fs::path> files = block_files(folder.path());
  ASSERT_EQ(files.size(), 3U);
  const fs::path model = files[0].parent_path();
  std::ofstream(model / "notes.txt") << "mine";
  std::ofstream(model / "empty.kv");
  fs::copy_file(files[0], model / "copy.kv");
  fs::create_directory(model / "folder.kv");
  std::ofstream(folder.path() / "README") << "mine";
  const auto tier = on_disk(folder.path())->tier("digest", kLayout);
  EXPECT_TRUE(holds(*tier, conversation, 0, 150));
  EXPECT_TRUE(fs::exists(model / "notes.txt"));
  EXPECT_TRUE(fs::exists(model / "copy.kv"));
}

/// What is logged while a tier is opened in the folder and asked for the conversation.
std::vector<std::string> log_of_opening(const fs::path& folder, const Tokens& conversation, bool found) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(holds(*on_disk(folder)->tier("digest", kLayout), conversation, 0, conversation.size()), found);
  std::istringstream log(::testing::internal::GetCapturedStderr());
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);) {
    lines.push_back(line);
  }
  return lines;
}

class KvArchiveLog : public ::testing::Test {
 protected:
  KvArchiveLog() { store(*on_disk(folder_.path())->tier("digest", kLayout), conversation_); }
  std::vector<std::string> lines(bool found) const {
    return log_of_opening(folder_.path(), conversation_, found);
  }
  fs::path block(std::size_t number) const { return block_files(folder_.path()).at(number); }
  fs::path beside_the_blocks(const std::string& name) const { return block(0).parent_path() / name; }

 private:
  const TemporaryFolder folder_;
  const Tokens conversation_ = tokens_from(1, 150);  // three blocks
};

constexpr const char* kIgnored = "msg=\"files among the kept conversations are ignored\"";

TEST_F(KvArchiveLog, HasNothingOfGoodFiles) {
  EXPECT_THAT(lines(true), IsEmpty());
}

TEST_F(KvArchiveLog, HasOneLineForADamagedFile) {
  const fs::path damaged = block(0);
  overwrite(damaged, 0, 'x');
  EXPECT_THAT(lines(false),
              ElementsAre(AllOf(HasSubstr(kIgnored), HasSubstr(" files=1 "), HasSubstr(damaged.string()))));
}

TEST_F(KvArchiveLog, HasOneLineForAForeignFile) {
  const fs::path foreign = beside_the_blocks("notes.kv");
  std::ofstream(foreign) << "mine";
  EXPECT_THAT(lines(true),
              ElementsAre(AllOf(HasSubstr(kIgnored), HasSubstr(" files=1 "), HasSubstr(foreign.string()))));
}

TEST_F(KvArchiveLog, HasOneLineForAllFilesThatAreIgnored) {
  overwrite(block(0), 0, 'x');
  std::ofstream(beside_the_blocks("notes.txt")) << "mine";
  std::ofstream(beside_the_blocks("empty.kv"));
  EXPECT_THAT(lines(false), ElementsAre(AllOf(HasSubstr(kIgnored), HasSubstr(" files=3 "))));
}

TEST_F(KvArchiveLog, HasOneLineForDamagedRowsWhenTheyAreRead) {
  const fs::path damaged = block(0);
  std::ifstream stream(damaged, std::ios::binary);
  stream.seekg(-1, std::ios::end);
  const int last = stream.get();
  overwrite(damaged, fs::file_size(damaged) - 1, static_cast<char>(~last));
  EXPECT_THAT(lines(false), ElementsAre(AllOf(HasSubstr("msg=\"a kept conversation is dropped\""),
                                              HasSubstr(damaged.string()))));
}

TEST(KvArchive, NoDamageToAFileIsTakenForGood) {
  const QuietLog quiet;
  const TemporaryFolder folder;
  const Tokens conversation = tokens_from(1, 64);
  store(*on_disk(folder.path())->tier("digest", kLayout), conversation);
  const fs::path file = block_files(folder.path()).at(0);
  std::string good;
  {
    std::ifstream stream(file, std::ios::binary);
    good.assign(std::istreambuf_iterator<char>(stream), {});
  }
  Random random(4);
  for (int round = 0; round < 200; ++round) {
    std::string bad = good;
    if (round % 4 == 0) {
      bad.resize(random.next() % bad.size());
    } else {
      const std::size_t place = round % 2 == 0 ? random.next() % 500 : random.next() % bad.size();
      bad[place] = static_cast<char>(bad[place] ^ static_cast<char>(1U << (random.next() % 8)));
      if (place >= 84 && place < 88) {
        continue;  // bytes without meaning
      }
    }
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bad;
    EXPECT_FALSE(holds(*on_disk(folder.path())->tier("digest", kLayout), conversation, 0, 64))
        << "round " << round;
  }
  std::ofstream(file, std::ios::binary | std::ios::trunc) << good;
  EXPECT_TRUE(holds(*on_disk(folder.path())->tier("digest", kLayout), conversation, 0, 64));
}

TEST(KvArchive, TheFolderCanBeDeletedAtAnyTime) {
  const TemporaryFolder folder;
  const auto archive = on_disk(folder.path() / "kv");
  const auto tier = archive->tier("digest", kLayout);
  store(*tier, tokens_from(1, 150));
  archive->flush();
  const auto source = tier->load(tokens_from(1, 150));
  fs::remove_all(folder.path() / "kv");
  std::vector<std::byte> keys(kLayout.row_bytes);
  std::vector<std::byte> values(kLayout.row_bytes);
  EXPECT_FALSE(source->read(0, 0, keys, values));
  EXPECT_FALSE(holds(*tier, tokens_from(1, 150), 0, 150));
  store(*tier, tokens_from(1, 150));
  archive->flush();
  EXPECT_TRUE(holds(*tier, tokens_from(1, 150), 0, 150));
  EXPECT_TRUE(holds(*on_disk(folder.path() / "kv")->tier("digest", kLayout), tokens_from(1, 150), 0, 150));
}

/// How many of the rows are ready, as soon as any are; `woken`: passed by the tier's wake().
std::size_t wait_until_ready(KvSource& source, testing::Gate& woken, std::size_t layer, std::size_t first,
                             std::size_t count) {
  while (true) {
    const std::size_t before = woken.arrivals();
    if (const std::size_t ready = source.ready(layer, first, count); ready > 0) {
      return ready;
    }
    woken.wait_for_arrivals(before + 1);
  }
}

/// Reads rows [first, last) of every layer as they become ready, `at_once` at most; whether they are what was
/// written.
bool gives_ahead(KvTier& tier, const Tokens& tokens, std::size_t first, std::size_t last,
                 std::size_t at_once) {
  testing::Gate woken;
  tier.wake_by([&woken] { woken.pass(); });
  const std::unique_ptr<KvSource> source = tier.load(tokens);
  source->begin(first, last);
  for (std::size_t layer = 0; layer < kLayout.layers; ++layer) {
    for (std::size_t row = first; row < last;) {
      const std::size_t count = wait_until_ready(*source, woken, layer, row, std::min(at_once, last - row));
      std::vector<std::byte> keys(count * kLayout.row_bytes);
      std::vector<std::byte> values(keys.size());
      if (!source->read(layer, row, keys, values) || keys != rows(tokens, layer, row, count, false) ||
          values != rows(tokens, layer, row, count, true)) {
        return false;
      }
      row += count;
    }
  }
  return true;
}

TEST(KvArchive, ReadsAheadWhatIsOnDisk) {
  const TemporaryFolder folder;
  const Tokens conversation = tokens_from(1, 500);
  store(*on_disk(folder.path())->tier("digest", kLayout), conversation);
  const auto archive = on_disk(folder.path());
  const auto tier = archive->tier("digest", kLayout);
  EXPECT_TRUE(gives_ahead(*tier, conversation, 0, 500, 1000));
  EXPECT_TRUE(gives_ahead(*tier, conversation, 0, 499, 1));
  EXPECT_TRUE(gives_ahead(*tier, conversation, 70, 450, 50));
  EXPECT_TRUE(gives_ahead(*tier, conversation, 128, 129, 64));
  EXPECT_EQ(archive->usage().ahead_bytes, 0U);
}

TEST(KvArchive, WhatIsInHostMemoryDoesNotWaitForADisk) {
  const TemporaryFolder folder;
  const Tokens conversation = tokens_from(1, 150);
  const GatedDisk disk(folder.path());
  const auto archive = disk.archive(kPlenty);
  const auto tier = archive->tier("digest", kLayout);
  store(*tier, conversation);
  archive->flush();
  disk.gate().close();
  EXPECT_TRUE(gives_ahead(*tier, conversation, 0, 150, 64));
  EXPECT_EQ(disk.gate().arrivals(), 0U);
}

TEST(KvArchive, ReadsWhatHasLeftHostMemoryMeanwhile) {
  const TemporaryFolder folder;
  const Tokens conversation = tokens_from(1, 150);
  const GatedDisk disk(folder.path());
  const auto archive = disk.archive(150 * kTokenBytes);
  const auto tier = archive->tier("digest", kLayout);
  store(*tier, conversation);
  archive->flush();
  testing::Gate woken;
  tier->wake_by([&woken] { woken.pass(); });
  const auto source = tier->load(conversation);
  source->begin(0, 150);
  ASSERT_EQ(source->ready(2, 0, 150), 150U);
  disk.gate().close();
  store(*tier, tokens_from(5000, 150));
  archive->flush();
  EXPECT_EQ(source->ready(2, 0, 64), 0U);
  disk.gate().open();
  wait_until_ready(*source, woken, 2, 0, 64);
  std::vector<std::byte> keys(64 * kLayout.row_bytes);
  std::vector<std::byte> values(keys.size());
  EXPECT_TRUE(source->read(2, 0, keys, values));
  EXPECT_EQ(keys, rows(conversation, 2, 0, 64, false));
}

TEST(KvArchive, EstimatesOnlyWhatADiskHasToGive) {
  const TemporaryFolder folder;
  const Tokens conversation = tokens_from(1, 150);
  {
    const auto archive = GatedDisk(folder.path()).archive(kPlenty);
    const auto tier = archive->tier("digest", kLayout);
    store(*tier, conversation);
    EXPECT_EQ(tier->read_seconds(conversation, 0), 0);
  }
  const auto tier = on_disk(folder.path())->tier("digest", kLayout);
  const double all = tier->read_seconds(conversation, 0);
  EXPECT_GT(all, 0);
  EXPECT_LT(tier->read_seconds(conversation, 140), all / 2);
  EXPECT_EQ(tier->read_seconds(tokens_from(2, 150), 0), 0);
}

TEST(KvArchive, SaysSoWhenTheFolderCannotBeUsed) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "file") << "x";
  try {
    on_disk(folder.path() / "file");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_NE(error.message().find((folder.path() / "file").string()), std::string::npos);
  }
}

}  // namespace
}  // namespace axllama::inference
