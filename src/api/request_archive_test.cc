#include "api/request_archive.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/testing/package_folder.h"

namespace axllama::api {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

http::Request request(const std::string& body) {
  http::Request made;
  made.method = "POST";
  made.target = "/api/chat?it's=1";
  made.path = "/api/chat";
  made.body = body;
  made.headers.add("Content-Encoding", "zstd");
  return made;
}

TEST(RequestArchive, KeepsBodiesAndTheWayToSendThemAgain) {
  const model::testing::PackageFolder parent;
  RequestArchive archive(parent.path());
  EXPECT_EQ(fs::status(archive.folder()).permissions(), fs::perms::owner_all);
  const std::string body("a\0b", 3);
  archive.save(request(body));
  EXPECT_EQ(content(archive.folder() / "000001-api_chat.body"), body);
  const std::string script = content(archive.folder() / "000001-api_chat.sh");
  EXPECT_THAT(script, HasSubstr(R"(curl -X POST "http://${HOST:-127.0.0.1:11434}"'/api/chat?it'\''s=1')"));
  EXPECT_THAT(script, HasSubstr("-H 'Content-Encoding: zstd'"));
  EXPECT_THAT(script, HasSubstr("--data-binary @'000001-api_chat.body'"));
}

TEST(RequestArchive, TheOldestGo) {
  const model::testing::PackageFolder parent;
  RequestArchive archive(parent.path());
  for (std::size_t i = 0; i < RequestArchive::kMostRequests + 2; ++i) archive.save(request("x"));
  EXPECT_FALSE(fs::exists(archive.folder() / "000002-api_chat.sh"));
  EXPECT_TRUE(fs::exists(archive.folder() / "000003-api_chat.sh"));
  EXPECT_TRUE(fs::exists(archive.folder() / "001002-api_chat.body"));
}

TEST(RequestArchive, SaysWhereItCannotBe) {
  EXPECT_THROW(RequestArchive("/proc/no such folder"), base::Error);
}

}  // namespace
}  // namespace axllama::api
