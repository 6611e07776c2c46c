// Runs every example of docs/api.md as it is written there.
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace axllama {
namespace {

struct Example {
  std::size_t line = 0;  // of the manual
  std::string status;
  std::string command;
};

void PrintTo(const Example& example, std::ostream* out) {
  *out << "docs/api.md:" << example.line;
}

/// The blocks between ```sh and ```, whose first line is "# STATUS".
std::vector<Example> read_examples() {
  std::ifstream manual(AXLLAMA_SOURCE_DIR "/docs/api.md");
  std::vector<Example> examples;
  std::string line;
  bool inside = false;
  for (std::size_t number = 1; std::getline(manual, line); ++number) {
    if (line == "```sh") {
      inside = true;
      examples.push_back({number, "", ""});
    } else if (line == "```") {
      inside = false;
    } else if (inside && examples.back().status.empty()) {
      examples.back().status = line.substr(line.find_first_not_of("# "));
    } else if (inside) {
      examples.back().command += line + "\n";
    }
  }
  return examples;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

class ApiManual : public ::testing::TestWithParam<Example> {
 protected:
  static void SetUpTestSuite() { server_ = std::make_unique<testing::ServerProcess>(); }
  static void TearDownTestSuite() { server_.reset(); }
  static inline std::unique_ptr<testing::ServerProcess> server_;
};

TEST_P(ApiManual, ExampleGetsItsStatus) {
  const std::string curl =
      "curl() { command curl --silent --show-error --max-time 120 --write-out '\\n%{http_code}' \"$@\"; }\n";
  const std::string command = replaced(GetParam().command, "localhost:11434", server_->host());
  const testing::CommandResult result = testing::run_command({"bash", "-c", curl + command});
  EXPECT_EQ(result.status, 0) << result.err;
  const auto last_line = result.out.rfind('\n') + 1;
  EXPECT_EQ(result.out.substr(last_line), GetParam().status) << result.out;
  if (GetParam().status == "200") {
    EXPECT_THAT(result.out, ::testing::Not(::testing::HasSubstr(R"("error":{)")));
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, ApiManual, ::testing::ValuesIn(read_examples()),
                         [](const auto& example) { return "Line" + std::to_string(example.param.line); });

}  // namespace
}  // namespace axllama
