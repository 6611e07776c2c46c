#include "store/model_store.h"

#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "model/testing/package_folder.h"
#include "store/library.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const base::Error& error) {
    return error.message();
  }
  return "nothing was thrown";
}

class ModelStoreTest : public ::testing::Test {
 protected:
  Layer layer(std::string_view type, const std::string& content, const std::string& name = {}) {
    return {.media_type = std::string(type),
            .digest = store_.blobs().put(content),
            .size = content.size(),
            .name = name};
  }
  /// A model whose package has three files, one in a folder.
  Manifest package(const std::string& weights) {
    Manifest manifest{.config = layer(media_type::kConfig, "{}"), .layers = {}};
    manifest.layers.push_back(layer(media_type::kPackageFile, weights, "m_p128_l0_together.axmodel"));
    manifest.layers.push_back(layer(media_type::kPackageFile, "shared", "config.json"));
    manifest.layers.push_back(layer(media_type::kPackageFile, "words", "m_tokenizer/tokenizer.json"));
    return manifest;
  }
  void write(const std::string& name, const Manifest& manifest) {
    store_.manifests().write(ModelName::require(name), manifest.text());
  }
  StoredManifest find(const std::string& name) {
    return store_.manifests().find(ModelName::require(name)).value();
  }
  std::size_t blob_count() const { return store_.blobs().list().size(); }

  model::testing::PackageFolder folder_;
  ModelStore store_{folder_.path() / "store"};
};

TEST_F(ModelStoreTest, BlobsAreNamedByTheirContentAndAppearOnlyWhenComplete) {
  const auto writer = store_.blobs().begin();
  writer->write("ab");
  writer->write("c");
  EXPECT_EQ(blob_count(), 0U);
  const Digest digest = writer->commit();
  EXPECT_EQ(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(fs::exists(folder_.path() / "store" / "blobs" / ("sha256-" + digest.hex())));
  EXPECT_EQ(store_.blobs().read(digest, 100), "abc");
}

TEST_F(ModelStoreTest, ABlobOfAnotherContentIsRefusedAndLeavesNothing) {
  const Digest other = Digest::of("other");
  EXPECT_EQ(message_of([&] {
              const auto writer = store_.blobs().begin();
              writer->write("abc");
              writer->commit(other);
            }),
            "digest mismatch, expected \"" + other.text() + "\", got \"" + Digest::of("abc").text() + "\"");
  EXPECT_EQ(blob_count(), 0U);
  EXPECT_TRUE(fs::is_empty(store_.blobs().unfinished()));
}

TEST_F(ModelStoreTest, FilesAreCopiedOrMovedIntoBlobs) {
  folder_.write("file", "content");
  EXPECT_EQ(store_.blobs().add_copy(folder_.path() / "file"), Digest::of("content"));
  EXPECT_TRUE(fs::exists(folder_.path() / "file"));
  folder_.write("file", "more");
  EXPECT_EQ(store_.blobs().add_moved(folder_.path() / "file"), Digest::of("more"));
  EXPECT_FALSE(fs::exists(folder_.path() / "file"));
  EXPECT_EQ(store_.blobs().read(Digest::of("content"), 100), "content");
  EXPECT_EQ(store_.blobs().read(Digest::of("more"), 100), "more");
}

TEST_F(ModelStoreTest, ManifestsKeepWhatIsUnknown) {
  const std::string hex(64, 'a');
  const std::string text =
      R"({"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json",)"
      R"("config":{"mediaType":"c","digest":"sha256:)" +
      hex +
      R"(","size":3},"layers":[)"
      R"({"mediaType":"application/vnd.example.new","digest":"sha256:)" +
      hex + R"(","size":7,"name":"n","from":"/x","annotations":{"a":"b"}}]})";
  EXPECT_EQ(Manifest::parse(text).text(), text);
}

TEST_F(ModelStoreTest, UnusableManifestsAreRefusedWithAReason) {
  const std::string good = package("w").text();
  EXPECT_THAT(message_of([] { Manifest::parse("{"); }), HasSubstr("not JSON"));
  EXPECT_THAT(message_of([] { Manifest::parse("[]"); }), HasSubstr("object is expected"));
  EXPECT_THAT(message_of([] { Manifest::parse("{}"); }), HasSubstr("\"config\" is missing"));
  for (const char* path : {"../evil", "/etc/passwd", "a//b", "a/../b", "a\\\\b", "", "."}) {
    std::string text = good;
    text.replace(text.find("config.json"), 11, path);
    EXPECT_EQ(message_of([&] { Manifest::parse(text); }), "file path must be relative") << path;
  }
}

TEST_F(ModelStoreTest, ModelsLieWhereOllamaLooksForThem) {
  write("Qwen3:4b", package("w"));
  write("hf.co/AXERA-TECH/Qwen3-4B", package("w"));
  write("localhost:5000/me/tiny:1", package("w"));
  const fs::path manifests = folder_.path() / "store" / "manifests";
  EXPECT_TRUE(fs::exists(manifests / "registry.ollama.ai/library/Qwen3/4b"));
  EXPECT_TRUE(fs::exists(manifests / "hf.co/AXERA-TECH/Qwen3-4B/latest"));
  EXPECT_TRUE(fs::exists(manifests / "localhost:5000/me/tiny/1"));
  std::vector<std::string> names;
  for (const StoredManifest& model : store_.manifests().list()) names.push_back(model.name.short_text());
  EXPECT_THAT(names, UnorderedElementsAre("Qwen3:4b", "hf.co/AXERA-TECH/Qwen3-4B:latest",
                                          "localhost:5000/me/tiny:1"));
}

TEST_F(ModelStoreTest, NamesAreFoundAndReplacedWithoutRegardToCase) {
  write("Qwen3:4B", package("one"));
  write("qwen3:4b", package("two"));
  ASSERT_EQ(store_.manifests().list().size(), 1U);
  EXPECT_EQ(find("QWEN3:4b").name.short_text(), "Qwen3:4B");
  EXPECT_EQ(find("qwen3:4b").manifest->text(), package("two").text());
}

TEST_F(ModelStoreTest, ACopyHasTheSameDigest) {
  write("a", package("w"));
  store_.copy(ModelName::require("a"), ModelName::require("team/b:2"));
  EXPECT_EQ(find("team/b:2").digest, find("a").digest);
  EXPECT_EQ(message_of([&] { store_.copy(ModelName::require("c"), ModelName::require("d")); }),
            "model \"c:latest\" not found");
}

TEST_F(ModelStoreTest, RemovingAModelKeepsWhatOthersNeed) {
  write("a", package("first"));
  write("b", package("second"));
  const fs::path links = store_.package_folder(find("a"));
  EXPECT_TRUE(store_.remove(ModelName::require("A")));
  EXPECT_FALSE(store_.remove(ModelName::require("a")));
  EXPECT_FALSE(store_.blobs().contains(Digest::of("first")));
  EXPECT_FALSE(fs::exists(links));
  EXPECT_TRUE(store_.blobs().contains(Digest::of("second")));
  EXPECT_TRUE(store_.blobs().contains(Digest::of("shared")));
  EXPECT_TRUE(store_.remove(ModelName::require("b")));
  EXPECT_EQ(blob_count(), 0U);
  EXPECT_TRUE(fs::is_empty(folder_.path() / "store" / "manifests"));
}

TEST_F(ModelStoreTest, NothingIsRemovedWhileAManifestCannotBeRead) {
  write("a", package("first"));
  folder_.write("store/manifests/registry.ollama.ai/library/broken/latest", "{");
  EXPECT_TRUE(store_.remove(ModelName::require("a")));
  EXPECT_TRUE(store_.blobs().contains(Digest::of("first")));
  EXPECT_TRUE(store_.remove(ModelName::require("broken")));
}

TEST_F(ModelStoreTest, PinnedBlobsStay) {
  write("a", package("first"));
  const BlobPin pin(store_.blobs(), Digest::of("first"));
  store_.remove(ModelName::require("a"));
  EXPECT_TRUE(store_.blobs().contains(Digest::of("first")));
  EXPECT_FALSE(store_.blobs().contains(Digest::of("words")));
}

TEST_F(ModelStoreTest, APackageBecomesAFolderWithoutASecondCopy) {
  write("a", package("weights"));
  const fs::path folder = store_.package_folder(find("a"));
  EXPECT_EQ(folder.filename(), "a");
  EXPECT_TRUE(
      fs::equivalent(folder / "m_p128_l0_together.axmodel", store_.blobs().path(Digest::of("weights"))));
  EXPECT_EQ(read_file(folder / "m_tokenizer" / "tokenizer.json", 100), "words");

  // A damaged folder is made again.
  fs::remove(folder / "config.json");
  EXPECT_EQ(store_.package_folder(find("a")), folder);
  EXPECT_TRUE(fs::exists(folder / "config.json"));
  EXPECT_TRUE(fs::is_empty(store_.blobs().unfinished()));
}

TEST_F(ModelStoreTest, ALostFileIsNamed) {
  write("a", package("weights"));
  fs::remove(store_.blobs().path(Digest::of("words")));
  EXPECT_THAT(message_of([&] { store_.package_folder(find("a")); }),
              HasSubstr("has lost the file m_tokenizer/tokenizer.json"));
}

TEST_F(ModelStoreTest, ManyThreadsMayMakeOnePackageFolder) {
  write("a", package("weights"));
  const StoredManifest model = find("a");
  std::vector<std::jthread> threads;
  std::atomic<int> complete{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const fs::path folder = store_.package_folder(model);
      complete += fs::exists(folder / "config.json") ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(complete, 4);
}

TEST_F(ModelStoreTest, RepairRemovesWhatAnEndedProgramLeft) {
  write("a", package("weights"));
  const pid_t child = ::fork();
  if (child == 0) {  // ends in the middle of writing
    const auto writer = store_.blobs().begin();
    writer->write("half");
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const auto in_use = store_.blobs().begin();
  in_use->write("still being written");
  folder_.write("store/axllama/packages/" + std::string(64, 'b') + "/x/file", "stale");
  std::ofstream(store_.blobs().path(Digest::of("words"))) << "wor";  // half a blob
  folder_.write("store/blobs/" + Digest::of("nobody").file_name(), "nobody");

  const RepairSummary summary = ModelStore(store_.folder()).repair({.least_age = std::chrono::seconds(0)});
  EXPECT_EQ(summary.unfinished_files, 1U);
  EXPECT_EQ(summary.damaged_blobs, 1U);
  EXPECT_EQ(summary.unreferenced_blobs, 1U);
  EXPECT_EQ(summary.stale_packages, 1U);
  EXPECT_FALSE(store_.blobs().contains(Digest::of("words")));
  EXPECT_TRUE(store_.blobs().contains(Digest::of("weights")));
  EXPECT_EQ(in_use->commit(), Digest::of("still being written"));
}

TEST_F(ModelStoreTest, RepairLeavesYoungBlobsAndForeignFilesAlone) {
  folder_.write("store/blobs/" + Digest::of("uploaded").file_name(), "uploaded");
  folder_.write("store/blobs/" + Digest::of("x").file_name() + "-partial", "of another program");
  const RepairSummary summary = store_.repair();
  EXPECT_EQ(summary.unreferenced_blobs, 0U);
  EXPECT_TRUE(store_.blobs().contains(Digest::of("uploaded")));
  EXPECT_TRUE(fs::exists(folder_.path() / "store/blobs" / (Digest::of("x").file_name() + "-partial")));
}

TEST_F(ModelStoreTest, RepairRenamesOldBlobsAndRemovesEmptyFolders) {
  write("m", package("weights"));
  const Digest digest = Digest::of("shared");
  const fs::path old_name = store_.blobs().blobs() / digest.text();
  fs::rename(store_.blobs().path(digest), old_name);
  const fs::path manifests = store_.folder() / "manifests";
  fs::create_directories(manifests / "host" / "space" / "model");
  EXPECT_EQ(store_.repair({.prune = false}).renamed_blobs, 1U);
  EXPECT_TRUE(store_.blobs().contains(digest));
  EXPECT_FALSE(fs::exists(old_name));
  EXPECT_TRUE(fs::exists(manifests / "host"));  // nothing is removed without pruning
  EXPECT_EQ(store_.repair().empty_folders, 3U);
  EXPECT_FALSE(fs::exists(manifests / "host"));
  EXPECT_EQ(find("m").name.model, "m");
}

TEST_F(ModelStoreTest, SettingsAreReadFromTheirLayers) {
  Manifest manifest = package("w");
  manifest.config = layer(media_type::kConfig, R"({"parser":"qwen3","requires":"0.14.0"})");
  manifest.layers.push_back(layer(media_type::kTemplate, "{{ .Prompt }}"));
  manifest.layers.push_back(layer(media_type::kSystem, "Be brief."));
  manifest.layers.push_back(layer(media_type::kParameters, R"({"stop":["x"],"top_k":3})"));
  manifest.layers.push_back(layer(media_type::kMessages, R"([{"role":"user","content":"hi"}])"));
  manifest.layers.push_back(layer(media_type::kLicense, "L1"));
  manifest.layers.push_back(layer(media_type::kLicense, "L2"));
  manifest.layers.push_back(layer("application/vnd.example.unknown", "?"));
  const ModelSettings settings = store_.settings(manifest);
  EXPECT_EQ(settings.chat_template, "{{ .Prompt }}");
  EXPECT_EQ(settings.system, "Be brief.");
  EXPECT_EQ(settings.parameters.dump(), R"({"stop":["x"],"top_k":3})");
  EXPECT_EQ(settings.messages, (std::vector<PresetMessage>{{"user", "hi"}}));
  EXPECT_EQ(settings.licenses, (std::vector<std::string>{"L1", "L2"}));
  EXPECT_EQ(settings.parser, "qwen3");
  EXPECT_EQ(settings.requires_version, "0.14.0");
}

TEST_F(ModelStoreTest, TheLibraryListsTheStoreBeforeFolders) {
  model::testing::PackageFolder source;
  source.write_package();
  fs::create_directories(folder_.path() / "models");
  fs::copy(source.path(), folder_.path() / "models" / "tiny", fs::copy_options::recursive);
  Library library(LibraryOptions{.roots = {folder_.path() / "models"}, .store = folder_.path() / "store"});
  EXPECT_EQ(library.find("tiny").folder, folder_.path() / "models" / "tiny");

  Manifest manifest{.config = layer(media_type::kConfig, "{}"), .layers = {}};
  for (const auto& entry : fs::directory_iterator(source.path())) {
    const Digest digest = store_.blobs().add_copy(entry.path());
    manifest.layers.push_back({.media_type = std::string(media_type::kPackageFile),
                               .digest = digest,
                               .size = fs::file_size(entry.path()),
                               .name = entry.path().filename().string()});
  }
  write("Tiny", manifest);
  Manifest derived = manifest;
  derived.layers.push_back(layer(media_type::kSystem, "Be brief."));
  write("derived", derived);

  ASSERT_EQ(library.list().size(), 2U);
  const ModelRecord tiny = library.find("tiny");
  EXPECT_TRUE(tiny.stored);
  EXPECT_EQ(library.open(tiny), library.open(library.find("derived")));  // one package, loaded once
  EXPECT_EQ(library.open(tiny)->vocabulary_size(), 320U);
  EXPECT_NE(tiny.digest, library.find("derived").digest);
  EXPECT_EQ(library.settings(library.find("derived")).system, "Be brief.");

  Manifest gguf{.config = layer(media_type::kConfig, "{}"), .layers = {layer(media_type::kModel, "GGUF")}};
  write("llama", gguf);
  EXPECT_THAT(message_of([&] { library.open(library.find("llama")); }), HasSubstr("FROM llama:latest"));
}

}  // namespace
}  // namespace axllama::store
