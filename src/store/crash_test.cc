// The store survives the end of the program, and of the machine's power, at every step on the disk.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "model/testing/package_folder.h"
#include "store/folder_entries.h"
#include "store/library.h"
#include "store/model_builder.h"
#include "store/testing/fake_hub.h"
#include "store/transfer/model_transfer.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::IsEmpty;

constexpr int kCrashed = 77;
constexpr int kNever = 1 << 30;

/// Ends this process before one of its steps on the disk, with the worst that a power failure can do: files
/// written since they were last forced to the disk are empty.
class Crash {
 public:
  static void before_step(int number) {
    steps_left_ = number;
    observe_disk(&Crash::begin);
  }

 private:
  static void begin(DiskStep step, const fs::path& path, const fs::path& to) {
    const std::lock_guard lock(mutex_);
    if (--steps_left_ == 0) {
      for (const std::string& file : not_forced_) {
        if (::truncate(file.c_str(), 0) != 0) std::perror(file.c_str());
      }
      ::_exit(kCrashed);
    }
    if (step == DiskStep::kMakeFile || step == DiskStep::kWrite) not_forced_.insert(path);
    if (step == DiskStep::kForce || step == DiskStep::kRemove) not_forced_.erase(path);
    if (step == DiskStep::kRename && not_forced_.erase(path) != 0) not_forced_.insert(to);
  }

  static inline std::mutex mutex_;
  static inline int steps_left_ = 0;
  static inline std::set<std::string> not_forced_;
};

/// How a process ends that does `work` and crashes before its `step`th step on the disk.
int status_of(const std::function<void()>& work, int step) {
  const pid_t child = ::fork();
  if (child == 0) {
    Crash::before_step(step);
    try {
      work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : status;
}

/// The models of a store: their manifests, by name.
using Models = std::map<std::string, std::string>;

Models models_of(const ModelStore& store) {
  Models models;
  for (const StoredManifest& model : store.manifests().list()) {
    models[model.name.short_text()] = store.manifests().text(model.name).value();
  }
  return models;
}

std::vector<Layer> blobs_of(const Manifest& manifest) {
  std::vector<Layer> layers = manifest.layers;
  layers.push_back(manifest.config);
  return layers;
}

std::set<Digest> needed_blobs(const ModelStore& store) {
  std::set<Digest> digests;
  for (const StoredManifest& model : store.manifests().list()) {
    for (const Layer& layer : blobs_of(*model.manifest)) digests.insert(layer.digest);
  }
  return digests;
}

std::set<Digest> blobs_there(const ModelStore& store) {
  const std::vector<Digest> digests = store.blobs().list();
  return {digests.begin(), digests.end()};
}

/// Every model's blobs are there and right, and its package opens.
void expect_whole(const ModelStore& store) {
  const Library library(LibraryOptions{.store = store.folder()});
  for (const StoredManifest& model : store.manifests().list()) {
    for (const Layer& layer : blobs_of(*model.manifest)) {
      ASSERT_EQ(store.blobs().size(layer.digest), layer.size) << layer.name;
      EXPECT_EQ(BlobStore::hash(store.blobs().path(layer.digest)), layer.digest) << layer.name;
    }
    const std::string name = model.name.short_text();
    if (!model.manifest->has_package()) continue;
    EXPECT_EQ(library.open(library.find(name))->layer_count(), 2U);
  }
}

/// Each model is as it was or as the work makes it.
void expect_old_or_new(const Models& found, const Models& before, const Models& after) {
  const auto text = [](const Models& models, const std::string& name) {
    const auto model = models.find(name);
    return model == models.end() ? std::string("absent") : model->second;
  };
  Models all = found;
  all.insert(before.begin(), before.end());
  all.insert(after.begin(), after.end());
  for (const auto& [name, ignored] : all) {
    EXPECT_THAT(text(found, name), ::testing::AnyOf(text(before, name), text(after, name))) << name;
  }
}

/// Temporary folders are in memory, where there is such a place: what a crash leaves there is the same, and
/// forcing thousands of files to the disk takes no time.
class FoldersInMemory {
 public:
  FoldersInMemory() {
    constexpr const char* kMemory = "/dev/shm";
    if (before_ == nullptr && ::access(kMemory, W_OK) == 0) ::setenv("TMPDIR", kMemory, 1);
  }
  ~FoldersInMemory() {
    if (before_ == nullptr) ::unsetenv("TMPDIR");
  }
  FoldersInMemory(const FoldersInMemory&) = delete;
  FoldersInMemory& operator=(const FoldersInMemory&) = delete;

 private:
  const char* before_ = std::getenv("TMPDIR");
};

class CrashTest : public ::testing::Test {
 protected:
  CrashTest() {
    package_.write_package(2);
    package_.write("notes/words.txt", std::string(2'500, 'x'));
    create(before_, "kept", "Be kept.");
    expect_whole(before_);  // its folder of links is there, too
  }

  void create(ModelStore& store, const std::string& name, const std::string& system, bool move = false) {
    ModelBuilder builder(store, [](const std::string&) {});
    if (move) {
      const fs::path folder = store.blobs().unfinished() / unique_name();
      fs::copy(package_.path(), folder, fs::copy_options::recursive);
      builder.take_folder(folder);
      remove_tree(folder);
    } else {
      builder.start_from_folder(package_.path());
    }
    builder.check_package("tiny");
    ModelSettings settings;
    settings.system = system;
    builder.apply(settings);
    builder.write(ModelName::require(name));
  }

  /// From a hub of its own: threads do not outlive a fork. `weights`: no package, from the hub's registry.
  void pull(ModelStore& store, bool weights = false) const {
    testing::FakeHub hub;
    if (weights) {
      const auto layer = [&hub](std::string_view type, const std::string& content) -> Layer {
        hub.add_file(Digest::of(content).hex(), content);
        return {.media_type = std::string(type), .digest = Digest::of(content), .size = content.size()};
      };
      hub.set_manifest(Manifest{.config = layer(media_type::kConfig, "{}"),
                                .layers = {layer(media_type::kModel, std::string(25'000, 'g')),
                                           layer(media_type::kSystem, "Be kept.")}}
                           .text());
    } else {
      for (const auto& entry : fs::recursive_directory_iterator(package_.path())) {
        if (!entry.is_regular_file()) continue;
        const std::string name = entry.path().lexically_relative(package_.path());
        std::string content = read_file(entry.path(), 1 << 24);
        if (!name.ends_with(".json"))
          content.front() = content.front() == 'x' ? 'y' : 'x';  // not a file of the model that is there
        hub.add_file(name, content);
      }
    }
    TransferOptions options;
    options.hub = hub.url();
    options.part_bytes = 10'000;
    options.streams = 1;  // the steps come in the same order each time
    ModelTransfer(store, options)
        .pull({.name = ModelName::require("hf.co/owner/repo")}, [](const TransferProgress&) {}, false);
  }

  /// Crashes before every step that `work` takes on the disk, each time from the same beginning, and looks at
  /// what a starting server makes of it; at least `steps` times.
  void crash_everywhere(const std::function<void(ModelStore&)>& work, int steps) {
    const Models before = models_of(before_);
    ModelStore finished(copy_of_store("finished"));
    ASSERT_EQ(status_of([&] { work(finished); }, kNever), 0);
    const Models after = models_of(finished);
    ASSERT_NE(before, after);
    int status = kCrashed;
    int step = 0;
    while (status == kCrashed) {
      ++step;
      SCOPED_TRACE("before step " + std::to_string(step));
      ModelStore store(copy_of_store("crashed"));
      status = status_of([&] { work(store); }, step);
      ASSERT_TRUE(status == kCrashed || status == 0) << status;

      store.repair();
      EXPECT_THAT(unfinished(store), IsEmpty());
      expect_old_or_new(models_of(store), before, after);
      expect_whole(store);
      if (step % 2 == 0) {  // nobody takes it up again
        store.repair({.least_age = 0s, .partial_age = 0s});
        EXPECT_EQ(blobs_there(store), needed_blobs(store));
        EXPECT_THAT(partial(store), IsEmpty());
      }
      ASSERT_EQ(status_of([&] { work(store); }, kNever), 0);
      EXPECT_EQ(models_of(store), after);
      expect_whole(store);
      store.repair({.least_age = 0s});
      EXPECT_EQ(blobs_there(store), needed_blobs(store));
      EXPECT_THAT(unfinished(store), IsEmpty());
      EXPECT_THAT(partial(store), IsEmpty());
      if (HasFailure()) return;
    }
    EXPECT_GT(step, steps);
  }

  static std::vector<fs::path> unfinished(const ModelStore& store) {
    return folder_entries(store.blobs().unfinished());
  }
  static std::vector<fs::path> partial(const ModelStore& store) {
    return folder_entries(store.folder() / "axllama" / "partial");
  }

  FoldersInMemory in_memory_;
  model::testing::PackageFolder package_;
  model::testing::PackageFolder home_;
  ModelStore before_{home_.path() / "before"};

 private:
  fs::path copy_of_store(const std::string& name) const {
    fs::path folder = home_.path() / name;
    fs::remove_all(folder);
    fs::copy(before_.folder(), folder, fs::copy_options::recursive);
    return folder;
  }
};

TEST_F(CrashTest, AModelIsMadeOrNot) {
  before_.remove(ModelName::require("kept"));
  crash_everywhere([this](ModelStore& store) { create(store, "made", "Be made."); }, 40);
}

TEST_F(CrashTest, AModelIsReplacedOrNot) {
  crash_everywhere([this](ModelStore& store) { create(store, "kept", "Be new."); }, 40);
}

TEST_F(CrashTest, AModelIsMadeOfFilesThatBecomeBlobs) {
  crash_everywhere([this](ModelStore& store) { create(store, "made", "Be made.", true); }, 20);
}

TEST_F(CrashTest, AModelIsCopiedOrNot) {
  crash_everywhere(
      [](ModelStore& store) { store.copy(ModelName::require("kept"), ModelName::require("team/copy:1")); },
      5);
}

TEST_F(CrashTest, AModelIsDeletedOrNot) {
  create(before_, "team/made:1", "Be made.");
  crash_everywhere([](ModelStore& store) { store.remove(ModelName::require("team/made:1")); }, 5);
}

TEST_F(CrashTest, TheOnlyModelIsDeletedOrNot) {
  crash_everywhere([](ModelStore& store) { store.remove(ModelName::require("kept")); }, 10);
}

TEST_F(CrashTest, APackageIsPulledOrNot) {
  crash_everywhere([this](ModelStore& store) { pull(store); }, 40);
}

TEST_F(CrashTest, WeightsArePulledOrNot) {
  crash_everywhere([this](ModelStore& store) { pull(store, true); }, 30);
}

}  // namespace
}  // namespace axllama::store
