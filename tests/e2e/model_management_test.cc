// Models are made, copied and removed with the command line, against a running server.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace axllama {
namespace {

using testing::CommandResult;
using ::testing::HasSubstr;
using ::testing::Not;

class ModelManagement : public ::testing::Test {
 protected:
  CommandResult axllama(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), testing::axllama_program());
    return testing::run_command(arguments, {{"OLLAMA_HOST", server_.host()}});
  }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name) << text;
    return folder_.path() / name;
  }

  testing::TemporaryFolder folder_;
  testing::ServerProcess server_;
};

TEST_F(ModelManagement, AModelIsMadeShownMadeAgainCopiedAndRemoved) {
  const std::string modelfile =
      write("Modelfile", "FROM axllama-tiny\nPARAMETER temperature 0\nLICENSE Free.\n");
  const CommandResult made = axllama({"create", "mine", "-f", modelfile});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("writing manifest\nsuccess\n"));
  const CommandResult answer = axllama({"run", "mine", "What is 2+2?"});
  EXPECT_EQ(answer.status, 0) << answer.err;
  EXPECT_THAT(answer.out, HasSubstr("4"));

  const CommandResult shown = axllama({"show", "--modelfile", "mine"});
  EXPECT_THAT(shown.out, HasSubstr("PARAMETER temperature 0"));
  const CommandResult again = axllama({"create", "again", "-f", write("Shown", shown.out)});
  ASSERT_EQ(again.status, 0) << again.err;  // of the folder that FROM names
  EXPECT_THAT(axllama({"show", "--license", "again"}).out, HasSubstr("Free."));

  EXPECT_EQ(axllama({"cp", "again", "team/copy:v1"}).out, "copied 'again' to 'team/copy:v1'\n");
  EXPECT_THAT(axllama({"list"}).out, HasSubstr("team/copy:v1"));
  EXPECT_EQ(axllama({"rm", "mine", "again", "team/copy:v1"}).out,
            "deleted 'mine'\ndeleted 'again'\ndeleted 'team/copy:v1'\n");
  EXPECT_THAT(axllama({"list"}).out, Not(HasSubstr("mine")));
  const CommandResult missing = axllama({"rm", "mine"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.err, HasSubstr("Error: model 'mine' not found"));
}

TEST_F(ModelManagement, WhatCannotBeMadeIsRefusedWithASentence) {
  const auto refusal = [this](const std::string& text) {
    const CommandResult result = axllama({"create", "x", "-f", write("Modelfile", text)});
    EXPECT_EQ(result.status, 1);
    return result.err;
  };
  EXPECT_THAT(refusal("SYSTEM x\n"), HasSubstr("Error: no FROM line"));
  EXPECT_THAT(refusal("FROM ./missing\n"), HasSubstr("there is no such file or folder"));
  EXPECT_THAT(refusal("FROM axllama-tiny\nADAPTER ./a.gguf\n"), HasSubstr("ADAPTER"));
  const std::string notes = write("notes.gguf", "no weights");
  EXPECT_THAT(refusal("FROM " + notes + "\n"), HasSubstr("supplied file was not in GGUF format"));
  EXPECT_EQ(axllama({"create", "x", "-f", "/nonexistent"}).status, 1);
  EXPECT_THAT(axllama({"create", "x", "--draft-quantize", "q4_0"}).err,
              HasSubstr("a draft is a model of its own"));
  EXPECT_THAT(axllama({"create", "x", "--experimental", "-f", write("Modelfile", "SYSTEM x\n")}).err,
              HasSubstr("Warning: --experimental changes nothing here"));
}

}  // namespace
}  // namespace axllama
