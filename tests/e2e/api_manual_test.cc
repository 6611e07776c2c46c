// Runs every example of docs/api.md as it is written there.
#include <algorithm>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/paths.h"
#include "tests/support/docker_registry.h"
#include "tests/support/process.h"

namespace axllama {
namespace {

using nlohmann::json;

struct Example {
  std::size_t line = 0;  // of the manual
  std::string status;
  std::vector<std::string> keys;  // that the answer is said to have; "a.b" is b in a
  std::string command;
};

void PrintTo(const Example& example, std::ostream* out) {
  *out << "docs/api.md:" << example.line;
}

/// "# STATUS" or "# STATUS: KEY, KEY".
void read_promise(const std::string& comment, Example& example) {
  std::istringstream words(comment.substr(comment.find_first_not_of("# ")));
  for (std::string word; words >> word;) {
    while (word.ends_with(',') || word.ends_with(':')) word.pop_back();
    if (example.status.empty()) {
      example.status = word;
    } else {
      example.keys.push_back(word);
    }
  }
}

/// The blocks between ```sh and ```, whose first line is the promise.
std::vector<Example> read_examples() {
  std::ifstream manual(AXLLAMA_SOURCE_DIR "/docs/api.md");
  std::vector<Example> examples;
  std::string line;
  bool inside = false;
  for (std::size_t number = 1; std::getline(manual, line); ++number) {
    if (line == "```sh") {
      inside = true;
      examples.emplace_back().line = number;
    } else if (line == "```") {
      inside = false;
    } else if (inside && examples.back().status.empty()) {
      read_promise(line, examples.back());
    } else if (inside) {
      examples.back().command += line + "\n";
    }
  }
  return examples;
}

/// What is JSON of an answer: the body, or the lines of a stream, without the names of events' fields.
std::vector<json> records_of(const std::string& body) {
  std::vector<json> records;
  std::istringstream lines(body);
  for (std::string line; std::getline(lines, line);) {
    constexpr std::string_view kData = "data: ";
    if (line.starts_with(kData)) line.erase(0, kData.size());
    json record = json::parse(line, nullptr, false);
    if (record.is_object()) records.push_back(std::move(record));
  }
  return records;
}

/// Whether `path` ("choices.message.content") leads to something; of lists one element is enough.
bool holds(const json& at, std::string_view path) {
  if (at.is_array()) {
    return std::any_of(at.begin(), at.end(), [path](const json& element) { return holds(element, path); });
  }
  const auto dot = path.find('.');
  const auto found = at.find(std::string(path.substr(0, dot)));
  if (found == at.end()) return false;
  return dot == std::string_view::npos || holds(*found, path.substr(dot + 1));
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
  static void TearDownTestSuite() {
    server_.reset();
    registry_.reset();
  }
  /// The command with the addresses of this test's servers.
  static std::string addressed(std::string command) {
    constexpr const char* kRegistry = "localhost:5000";
    if (command.find(kRegistry) != std::string::npos) {
      if (!registry_) registry_ = std::make_unique<testing::DockerRegistry>();
      command = replaced(std::move(command), kRegistry, registry_->host());
    }
    return replaced(std::move(command), "localhost:11434", server_->host());
  }

  static inline std::unique_ptr<testing::ServerProcess> server_;
  static inline std::unique_ptr<testing::DockerRegistry> registry_;  // for examples that name one
};

TEST_P(ApiManual, ExampleGetsItsAnswer) {
  const std::string curl =
      "curl() { command curl --silent --show-error --max-time 120 --write-out '\\n%{http_code}\\n' \"$@\"; "
      "}\n";
  const testing::CommandResult result =
      testing::run_command({"bash", "-c", curl + addressed(GetParam().command)});
  EXPECT_EQ(result.status, 0) << result.err;
  ASSERT_TRUE(result.out.ends_with('\n'));
  const auto last_line = result.out.rfind('\n', result.out.size() - 2) + 1;
  EXPECT_EQ(result.out.substr(last_line), GetParam().status + "\n") << result.out;

  const std::vector<json> records = records_of(result.out.substr(0, last_line));
  EXPECT_EQ(GetParam().keys.empty(), records.empty()) << "the manual says what an answer holds\n"
                                                      << result.out;
  for (const json& record : records) {
    EXPECT_TRUE(GetParam().status != "200" || record.value("error", json()).is_null()) << record;
  }
  for (const std::string& key : GetParam().keys) {
    EXPECT_TRUE(std::any_of(records.begin(), records.end(),
                            [&key](const json& record) { return holds(record, key); }))
        << key << " is missing in\n"
        << result.out;
  }
}

INSTANTIATE_TEST_SUITE_P(Examples, ApiManual, ::testing::ValuesIn(read_examples()),
                         [](const auto& example) { return "Line" + std::to_string(example.param.line); });

}  // namespace
}  // namespace axllama
