#include "store/identity.h"

#include <fstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "store/durable_file.h"
#include "tests/support/temporary_folder.h"

namespace axllama::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// Made by ssh-keygen -t ed25519 for this test.
constexpr const char* kKeyFile = R"(-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACDa3f5bVT1h64FGPjUMZlGlOIbDhEiMwQ1m5kLU46iGoQAAAIiu7TOJru0z
iQAAAAtzc2gtZWQyNTUxOQAAACDa3f5bVT1h64FGPjUMZlGlOIbDhEiMwQ1m5kLU46iGoQ
AAAEBrGljaAndbOZEn9MuXeqjf2VDfG7gHjV+/xbUcq/2fCNrd/ltVPWHrgUY+NQxmUaU4
hsOESIzBDWbmQtTjqIahAAAAAAECAwQF
-----END OPENSSH PRIVATE KEY-----
)";
constexpr const char* kPublicKey = "AAAAC3NzaC1lZDI1NTE5AAAAINrd/ltVPWHrgUY+NQxmUaU4hsOESIzBDWbmQtTjqIah";
// The same with a passphrase.
constexpr const char* kProtectedFile = R"(-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAKw9pO6x
LVFG54jY9o0bJEAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIJ3jDk1AFS5/8q40
FZgIwgibvCcAr0O3huYjxh0hk9cCAAAAkI15LICLfWTwAfqtAzkoD4wrkrXPa7q/QBnZio
Vz+is1gjkpYT0emJ4Vt9fr8wY7qLwW8y1NllJjp+U440te6j4XL2/bRuRghQ55zXD1XZcY
eNnOqXrq12czWqyp6k86zaTtg6tUdpoJdTmducoPnkEll/9BSMi4t4cR0DD872QjbImVlm
XAMXHd+l6xiR6tqA==
-----END OPENSSH PRIVATE KEY-----
)";

class IdentityTest : public ::testing::Test {
 protected:
  fs::path write(const std::string& text) const {
    std::ofstream(folder_ / "key", std::ios::binary) << text;
    return folder_ / "key";
  }
  std::string refusal(const std::string& text) const {
    try {
      Identity::load(write(text));
    } catch (const base::Error& error) {
      return error.message();
    }
    return "";
  }
  static mode_t mode(const fs::path& path) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777U : 0;
  }

  const axllama::testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

TEST_F(IdentityTest, ReadsWhatSshKeygenWritesAndSignsAsOpensslDoes) {
  const Identity identity = Identity::load(write(kKeyFile));
  EXPECT_EQ(identity.public_key(), kPublicKey);
  // openssl pkeyutl -sign -rawin
  EXPECT_EQ(identity.sign("GET,https://example.com/token?ts=1"),
            "IYztDIEd1UQvGh6V5PhVUPulz4ukH/zzDRmXAyFn98KxXlGbcU6NRhuTwLJLnbMwA2t33UgFMFAmu0qN7sjsDQ==");
}

TEST_F(IdentityTest, IsMadeOnceAndForItsOwnerOnly) {
  const fs::path file = folder_ / "home" / ".ollama" / "id_ed25519";
  const Identity made = Identity::load_or_make(file);
  EXPECT_EQ(mode(file), 0600U);
  EXPECT_EQ(mode(file.string() + ".pub"), 0644U);
  EXPECT_EQ(read_file(file.string() + ".pub", 1000), "ssh-ed25519 " + made.public_key() + "\n");
  EXPECT_EQ(Identity::load_or_make(file).public_key(), made.public_key());
  EXPECT_EQ(Identity::load(file).sign("x"), made.sign("x"));
  EXPECT_NE(Identity::load_or_make(folder_ / "other").public_key(), made.public_key());
  EXPECT_EQ(std::distance(fs::directory_iterator(file.parent_path()), fs::directory_iterator()), 2);
}

TEST_F(IdentityTest, ThoseWhoMakeItAtOnceGetTheSame) {
  const fs::path file = folder_ / "id_ed25519";
  std::vector<std::string> keys(4);
  std::vector<std::thread> threads;
  for (std::string& key : keys) {
    threads.emplace_back([&key, &file] { key = Identity::load_or_make(file).public_key(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& key : keys) EXPECT_EQ(key, keys.front());
}

TEST_F(IdentityTest, OtherKeysAreRefusedWithASentence) {
  EXPECT_THAT(refusal("-----BEGIN RSA PRIVATE KEY-----"), HasSubstr("not a private key in OpenSSH's form"));
  EXPECT_THAT(refusal(kProtectedFile), HasSubstr("protected by a passphrase"));
  std::string damaged = kKeyFile;
  damaged.replace(damaged.find("u7TOJ"), 5, "u7TOK");  // one of the two numbers that must be equal
  EXPECT_THAT(refusal(damaged), HasSubstr("is damaged"));
  for (std::size_t size = 0; size < damaged.size() - 40; size += 7) {
    EXPECT_NE(refusal(std::string(kKeyFile).substr(0, size) + "-----END OPENSSH PRIVATE KEY-----"), "")
        << size;
  }
  EXPECT_THROW(Identity::load(folder_ / "none"), base::Error);
}

}  // namespace
}  // namespace axllama::store
