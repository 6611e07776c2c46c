// The bundled model's held-out evaluation, asked of the running server: required skills stay at 95 % or more.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"

namespace axllama {
namespace {

TEST(BundledModel, AnswersItsHeldOutQuestions) {
  const testing::ServerProcess server;
  const auto result = testing::run_command({"/usr/bin/python3", AXLLAMA_SOURCE_DIR "/models/tiny/eval.py",
                                            "--url", server.url(""), "--model", "axllama-tiny"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_THAT(result.out, ::testing::HasSubstr("well-formed tool calls"));
}

}  // namespace
}  // namespace axllama
