#include "store/transfer/model_transfer.h"

#include <functional>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "model/testing/package_folder.h"
#include "store/library.h"
#include "store/testing/fake_hub.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeHub;
using ::testing::HasSubstr;
using testing::HubFault;

constexpr const char* kLayer = "qwen3_p128_l0_together.axmodel";

class ModelTransferTest : public ::testing::Test {
 protected:
  ModelTransferTest() {
    options_.hub = hub_.url();
    options_.part_bytes = 1000;
    options_.backoff = 1ms;
    options_.report_every = 5ms;
    options_.fetch.connect_timeout = 2s;
    options_.fetch.silence_timeout = 2s;
    package_.write_package();
    package_.write("post_config.json", "{}");
    package_.write(kLayer, std::string(10'500, 'w'));
    for (const auto& entry : fs::directory_iterator(package_.path())) {
      const std::string name = entry.path().filename().string();
      hub_.add_file(name, read_file(entry.path(), 1 << 24), !name.ends_with(".json"));
    }
    hub_.add_file("README.md", "pictures and words", false);
    hub_.add_file("main_axcl_aarch64", "a program");
    hub_.add_file("run.sh", "a script", false);
  }

  std::vector<TransferProgress> pull(const std::string& name = "hf.co/owner/repo",
                                     bool packages_only = false) {
    std::vector<TransferProgress> records;
    ModelTransfer(store_, options_)
        .pull(
            {.name = ModelName::require(name), .insecure = true, .packages_only = packages_only},
            [&records](const TransferProgress& progress) { records.push_back(progress); }, cancelled_);
    return records;
  }
  std::string failure(const std::string& name = "hf.co/owner/repo", bool packages_only = false) {
    try {
      pull(name, packages_only);
    } catch (const base::Error& error) {
      return error.message();
    }
    return "nothing was thrown";
  }
  std::shared_ptr<const model::Package> open(const std::string& name = "hf.co/owner/repo") {
    const Library library(LibraryOptions{.store = store_.folder()});
    return library.open(library.find(name));
  }
  std::set<std::string> package_files(const std::string& name) {
    std::set<std::string> names;
    for (const Layer& layer : store_.manifests().find(ModelName::require(name))->manifest->layers) {
      names.insert(layer.name);
    }
    return names;
  }
  fs::path partial() const { return store_.folder() / "axllama" / "partial"; }

  FakeHub hub_;
  model::testing::PackageFolder package_;
  model::testing::PackageFolder home_;
  ModelStore store_{home_.path() / "store"};
  TransferOptions options_;
  std::atomic<bool> cancelled_{false};
};

TEST_F(ModelTransferTest, PullsAPackageFromTheHub) {
  const std::vector<TransferProgress> records = pull();
  EXPECT_EQ(records.front().status, "pulling manifest");
  EXPECT_THAT(records[1].status, HasSubstr("pulling "));
  EXPECT_EQ(records[1].digest.size(), 71U);
  EXPECT_EQ(records.back().status, "success");
  EXPECT_EQ(records[records.size() - 2].status, "writing manifest");
  EXPECT_EQ(records[records.size() - 3].status, "verifying sha256 digest");
  EXPECT_EQ(records[records.size() - 4].completed, records[1].total);
  EXPECT_EQ(open()->layer_count(), 3U);
  EXPECT_EQ(open()->vocabulary_size(), 320U);
  const std::set<std::string> files = package_files("hf.co/owner/repo");
  EXPECT_TRUE(files.contains("post_config.json"));
  EXPECT_FALSE(files.contains("README.md"));
  EXPECT_FALSE(files.contains("main_axcl_aarch64"));
  EXPECT_FALSE(files.contains("run.sh"));
  EXPECT_TRUE(fs::is_empty(partial()));
}

TEST_F(ModelTransferTest, AnUpToDateModelIsNotFetchedAgain) {
  pull();
  const std::uint64_t sent = hub_.bytes_sent();
  EXPECT_EQ(pull().back().status, "success");
  EXPECT_EQ(hub_.bytes_sent(), sent);
}

TEST_F(ModelTransferTest, BrokenAnswersAreFetchedAgainFromWhereTheyEnded) {
  for (const int status : {408, 429, 500, 503}) {
    hub_.set_fault(kLayer, {.status = status, .times = 3});
    pull("hf.co/owner/repo:b" + std::to_string(status));
    store_.remove(ModelName::require("hf.co/owner/repo:b" + std::to_string(status)));
  }
  hub_.set_fault(kLayer, {.times = 5, .cut_after = 400});
  const std::uint64_t before = hub_.bytes_sent();
  pull();
  EXPECT_EQ(open()->layer_count(), 3U);
  std::uint64_t total = 0;
  for (const Layer& layer :
       store_.manifests().find(ModelName::require("hf.co/owner/repo"))->manifest->layers) {
    total += layer.size;
  }
  EXPECT_LE(hub_.bytes_sent() - before, total + 5 * 600);  // what had arrived was kept
}

TEST_F(ModelTransferTest, AServerThatStallsIsAskedAgain) {
  options_.fetch.connect_timeout = 100ms;
  options_.fetch.silence_timeout = 100ms;
  hub_.set_fault(kLayer, {.times = 1, .cut_after = 400, .stall = true});
  pull();
  EXPECT_EQ(open()->layer_count(), 3U);
}

TEST_F(ModelTransferTest, AServerWithoutRangesSendsEverythingOnce) {
  hub_.set_fault(kLayer, {.times = 1000, .no_ranges = true});
  pull();
  EXPECT_EQ(hub_.requests(kLayer), 1);
  EXPECT_EQ(read_file(store_.blobs().path(Digest::of(std::string(10'500, 'w'))), 1 << 20).size(), 10'500U);
}

TEST_F(ModelTransferTest, APackageOfHundredsOfFilesIsPulled) {
  pull();
  const std::size_t others = package_files("hf.co/owner/repo").size();
  const auto name = [](int i) { return "qwen3_tokenizer/" + std::to_string(i) + ".txt"; };
  for (int i = 0; i < 300; ++i) {
    hub_.add_file(name(i), "words " + std::to_string(i), i % 2 == 0);
    if (i % 10 == 0) hub_.set_fault(name(i), {.status = i % 20 == 0 ? 429 : 503, .times = 1});
  }
  pull("hf.co/owner/repo:v2");
  EXPECT_EQ(package_files("hf.co/owner/repo:v2").size(), others + 300);
  EXPECT_EQ(open("hf.co/owner/repo:v2")->layer_count(), 3U);
  for (int i = 0; i < 300; ++i) {
    const std::string content = "words " + std::to_string(i);
    EXPECT_EQ(store_.blobs().read(Digest::of(content), 100), content);
    EXPECT_EQ(hub_.requests(name(i)), i % 10 == 0 ? 2 : 1) << i;
  }
  EXPECT_TRUE(fs::is_empty(partial()));
}

TEST_F(ModelTransferTest, GivesUpAfterTheLastRetry) {
  options_.retries = 2;
  hub_.set_fault(kLayer, {.status = 503, .times = 1000});
  EXPECT_THAT(failure(), HasSubstr("status 503; try again later"));
  EXPECT_TRUE(store_.manifests().list().empty());
}

/// Takes connections and hangs up. On the loopback interface.
class Unreachable {
 public:
  Unreachable() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    host_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] {
      for (int one = ::accept(listener_, nullptr, nullptr); one >= 0;
           one = ::accept(listener_, nullptr, nullptr)) {
        ++connections_;
        ::close(one);
      }
    });
  }
  ~Unreachable() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  const std::string& host() const { return host_; }
  int connections() const { return connections_; }

 private:
  int listener_;
  std::string host_;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

TEST_F(ModelTransferTest, AServerThatWasNeverReachedIsGivenUpSoon) {
  const Unreachable server;
  options_.hub = "http://" + server.host();
  EXPECT_THAT(failure(), HasSubstr("the connection to " + server.host() + " failed"));
  EXPECT_EQ(server.connections(), 3);
  EXPECT_THAT(failure("http://" + server.host() + "/library/model"), HasSubstr("failed"));
  EXPECT_EQ(server.connections(), 6);
}

TEST_F(ModelTransferTest, RefusesContentThatIsNotWhatWasAnnounced) {
  hub_.set_fault(kLayer, {.times = 1000, .wrong_content = std::string(10'500, 'v')});
  EXPECT_THAT(failure(), HasSubstr("digest mismatch, file must be downloaded again: want sha256:"));
  hub_.set_fault(kLayer, {});
  pull();  // nothing wrong was kept
  EXPECT_EQ(open()->layer_count(), 3U);
}

TEST_F(ModelTransferTest, RefusesSmallFilesThatAreNotWhatWasAnnounced) {
  hub_.set_fault("tokenizer.json", {.times = 1000,
                                    .wrong_content = std::string(
                                        read_file(package_.path() / "tokenizer.json", 1 << 24).size(), '{')});
  EXPECT_THAT(failure(), HasSubstr("want git:"));
  hub_.set_fault("tokenizer.json", {});
  pull();  // nothing wrong was kept
  EXPECT_EQ(open()->layer_count(), 3U);
}

TEST_F(ModelTransferTest, RefusesLiesAboutSizes) {
  hub_.set_fault(kLayer, {.wrong_size = 5});
  EXPECT_THAT(failure(), HasSubstr("bytes"));
  hub_.set_fault(kLayer, {.wrong_size = -5});
  EXPECT_THAT(failure(), HasSubstr("bytes"));
  hub_.set_fault(kLayer, {.times = 1000, .no_ranges = true, .wrong_size = -5});
  EXPECT_THAT(failure(), HasSubstr("bytes"));
  EXPECT_TRUE(store_.manifests().list().empty());
}

TEST_F(ModelTransferTest, TokensAreSentToTheHubOnly) {
  hub_.require("Bearer mine");
  EXPECT_THAT(failure(), HasSubstr("HF_TOKEN"));
  options_.hub_token = "mine";
  pull();
  EXPECT_FALSE(hub_.credentials_leaked());
  EXPECT_EQ(open()->layer_count(), 3U);
}

TEST_F(ModelTransferTest, UnknownModelsHaveOllamasSentence) {
  EXPECT_EQ(failure("hf.co/owner/other"), "pull model manifest: file does not exist");
  EXPECT_EQ(failure(hub_.host() + "/library/other"), "pull model manifest: file does not exist");
}

TEST_F(ModelTransferTest, AFullDiskIsToldBeforeAnythingIsFetched) {
  options_.free_space = [](const fs::path&) { return std::uint64_t{64 * 1024 * 1024 + 5'000}; };
  EXPECT_THAT(failure(), AllOf(HasSubstr("not enough disk space: "),
                               HasSubstr(" KB more are needed, but only 67 MB are free at ")));
  EXPECT_EQ(hub_.bytes_sent(), 0U);
}

TEST_F(ModelTransferTest, APullThatEndedIsResumed) {
  options_.streams = 1;
  // Nothing is written at the end of a pull, so that a kill leaves the same behind.
  EXPECT_THROW(ModelTransfer(store_, options_)
                   .pull(
                       {.name = ModelName::require("hf.co/owner/repo")},
                       [](const TransferProgress& progress) {
                         if (progress.completed > 30'000) throw std::runtime_error("enough");
                       },
                       cancelled_),
               std::runtime_error);
  const std::uint64_t before = hub_.bytes_sent();
  const std::vector<TransferProgress> records = pull();
  EXPECT_GE(records[1].completed, 20'000U);
  EXPECT_LE(hub_.bytes_sent() - before, records[1].total - 20'000);
  EXPECT_EQ(open()->layer_count(), 3U);
  EXPECT_TRUE(fs::is_empty(partial()));
}

TEST_F(ModelTransferTest, CancellingKeepsWhatWasFetched) {
  hub_.set_fault("qwen3_post.axmodel", {.times = 1000, .cut_after = 1, .stall = true});
  EXPECT_EQ(
      [this] {
        try {
          ModelTransfer(store_, options_)
              .pull(
                  {.name = ModelName::require("hf.co/owner/repo")},
                  [this](const TransferProgress& progress) { cancelled_ = progress.completed > 20'000; },
                  cancelled_);
        } catch (const base::Error& error) {
          return error.code();
        }
        return base::ErrorCode::kInternal;
      }(),
      base::ErrorCode::kCancelled);
  cancelled_ = false;
  hub_.set_fault("qwen3_post.axmodel", {});
  EXPECT_GT(pull()[1].completed, 0U);
}

TEST_F(ModelTransferTest, TwoPullsOfOneModelFetchItOnce) {
  ModelTransfer transfer(store_, options_);
  std::vector<std::jthread> threads;
  std::atomic<int> succeeded{0};
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      transfer.pull(
          {.name = ModelName::require("hf.co/owner/repo")},
          [&](const TransferProgress& progress) { succeeded += progress.status == "success" ? 1 : 0; },
          cancelled_);
    });
  }
  threads.clear();
  EXPECT_EQ(succeeded, 2);
  EXPECT_LE(hub_.requests("qwen3_post.axmodel"), 1);
}

TEST_F(ModelTransferTest, CatalogueNamesLeadToRepositories) {
  home_.write("catalogue.json", R"({"tiny:1b": "owner/repo:main", "other": "owner/missing"})");
  options_.catalogue = home_.path() / "catalogue.json";
  pull("tiny:1b");
  EXPECT_EQ(open("tiny:1b")->layer_count(), 3U);
  EXPECT_EQ(failure("other"), "pull model manifest: file does not exist");
  home_.write("catalogue.json", R"({"tiny:1b": "nonsense"})");
  EXPECT_THAT(failure("tiny:1b"), HasSubstr("OWNER/REPO"));

  EXPECT_EQ(find_in_catalogue(ModelName::require("Qwen3:4B"), {})->repository, "AXERA-TECH/Qwen3-4B");
  EXPECT_FALSE(find_in_catalogue(ModelName::require("someone/qwen3:4b"), {}));
  const PackageSource source = parse_package_source("a/b:v1/ax650/int8");
  EXPECT_EQ(source.repository + " " + source.revision + " " + source.folder, "a/b v1 ax650/int8");
}

/// Selection works on names alone.
std::vector<std::string> selected(const std::vector<std::string>& names, const std::string& folder = {}) {
  HubRepository repository;
  for (const std::string& name : names) {
    repository.files.emplace_back();
    repository.files.back().name = name;
  }
  std::vector<std::string> paths;
  for (const auto& [path, file] : select_package(repository, folder)) paths.push_back(path + "=" + file.name);
  return paths;
}

TEST_F(ModelTransferTest, ThePackageIsFoundAmongOtherThings) {
  EXPECT_THAT(selected({"m_p128_l0_together.axmodel", "config.json", "m_tokenizer/tokenizer.json", "a.py",
                        "x.png", ".gitattributes", "embed.npy", "LICENSE"}),
              ElementsAre("LICENSE=LICENSE", "config.json=config.json",
                          "m_p128_l0_together.axmodel=m_p128_l0_together.axmodel",
                          "m_tokenizer/tokenizer.json=m_tokenizer/tokenizer.json"));
  // An older repository: packages in folders, the tokenizer beside them.
  const std::vector<std::string> older{"m-ax650/m_p128_l0_together.axmodel",
                                       "m-ax630c/m_p128_l0_together.axmodel",
                                       "m_tokenizer/tokenizer.json",
                                       "post_config.json",
                                       "config.json",
                                       "vision/encoder.axmodel"};
  EXPECT_THAT(selected(older), ElementsAre("m_p128_l0_together.axmodel=m-ax650/m_p128_l0_together.axmodel",
                                           "m_tokenizer/tokenizer.json=m_tokenizer/tokenizer.json",
                                           "post_config.json=post_config.json"));
  EXPECT_THAT(selected(older, "m-ax630c"),
              Contains("m_p128_l0_together.axmodel=m-ax630c/m_p128_l0_together.axmodel"));
  EXPECT_TRUE(selected({"model.gguf", "README.md"}).empty());
  try {
    selected({"int4/m_l0.axmodel", "int8/m_l0.axmodel"});
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("several packages: int4, int8"));
  }
}

/// A registry that wants a token.
class RegistryPullTest : public ModelTransferTest {
 protected:
  Layer layer(std::string_view type, const std::string& content) {
    hub_.add_file("blob" + std::to_string(count_++), content);
    return {.media_type = std::string(type), .digest = Digest::of(content), .size = content.size()};
  }
  std::string name() const { return hub_.host() + "/library/tiny:1"; }

  int count_ = 0;
};

TEST_F(RegistryPullTest, PullsEveryLayerAndKeepsTheManifestAsItIs) {
  Manifest manifest{.config = layer(media_type::kConfig, R"({"model_format":"gguf"})"), .layers = {}};
  manifest.layers.push_back(layer(media_type::kModel, std::string(5'000, 'g')));
  manifest.layers.push_back(layer("application/vnd.example.unknown", "unknown"));
  manifest.layers.push_back(layer(media_type::kSystem, "Be brief."));
  hub_.set_manifest(manifest.text());
  hub_.require("Bearer granted");
  EXPECT_THAT(failure(name()), HasSubstr("AXLLAMA_REGISTRY_AUTH"));
  options_.registry_credentials[hub_.host()] = "user:secret";
  const std::vector<TransferProgress> records = pull(name());
  std::set<std::string> digests;
  for (const TransferProgress& record : records) digests.insert(record.digest);
  EXPECT_EQ(digests.size(), 5U);  // four blobs, and records without one
  EXPECT_EQ(store_.manifests().text(ModelName::require(name())), manifest.text());
  EXPECT_EQ(store_.settings(*store_.manifests().find(ModelName::require(name()))->manifest).system,
            "Be brief.");

  // A newer version: what only the old one needed goes.
  manifest.layers.pop_back();
  manifest.layers.push_back(layer(media_type::kSystem, "Be long."));
  hub_.set_manifest(manifest.text());
  std::vector<std::string> statuses;
  for (const TransferProgress& record : pull(name())) statuses.push_back(record.status);
  EXPECT_THAT(statuses, Contains("removing unused layers"));
  EXPECT_FALSE(store_.blobs().contains(Digest::of("Be brief.")));
}

TEST_F(RegistryPullTest, BrokenAnswersAreFetchedAgainFromWhereTheyEnded) {
  const std::string weights(10'500, 'g');
  const Manifest manifest{.config = layer(media_type::kConfig, "{}"),
                          .layers = {layer(media_type::kModel, weights)}};
  hub_.set_manifest(manifest.text());
  for (const int status : {408, 429, 500, 503}) {
    hub_.set_fault("blob1", {.status = status, .times = 3});
    pull(name());
    EXPECT_EQ(store_.blobs().read(Digest::of(weights), 1 << 20), weights);
    store_.remove(ModelName::require(name()));
  }
  hub_.set_fault("blob1", {.times = 5, .cut_after = 400});
  const std::uint64_t before = hub_.bytes_sent();
  pull(name());
  EXPECT_EQ(store_.blobs().read(Digest::of(weights), 1 << 20), weights);
  EXPECT_LE(hub_.bytes_sent() - before, weights.size() + 2 + 5 * 400);  // what had arrived was kept

  store_.remove(ModelName::require(name()));
  options_.retries = 2;
  hub_.set_fault("blob1", {.status = 503, .times = 1000});
  EXPECT_THAT(failure(name()), HasSubstr("status 503; try again later"));
  EXPECT_TRUE(store_.manifests().list().empty());
}

TEST_F(RegistryPullTest, ARealCardRefusesOtherWeightsBeforeTheyAreFetched) {
  Manifest manifest{.config = layer(media_type::kConfig, "{}"),
                    .layers = {layer(media_type::kModel, "GGUF")}};
  hub_.set_manifest(manifest.text());
  EXPECT_THAT(failure(name(), true), HasSubstr("holds no package for the card"));
  EXPECT_EQ(hub_.bytes_sent(), 0U);
}

}  // namespace
}  // namespace axllama::store
