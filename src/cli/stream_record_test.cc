#include "cli/stream_record.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::cli {
namespace {

TEST(StreamRecord, ErrorsAndEndsAreTold) {
  EXPECT_FALSE(read_stream_record(R"({"done":false})", "u").last);
  EXPECT_TRUE(read_stream_record(R"({"done":true})", "u").last);
  EXPECT_TRUE(read_stream_record(R"({"status":"success"})", "u").last);
  EXPECT_EQ(read_stream_record(R"({"error":"no"})", "u").error, "no");
  EXPECT_EQ(read_stream_record(R"({"error":{"message":"no"}})", "u").error, R"({"message":"no"})");
  EXPECT_EQ(read_stream_record(R"({"error":null,"done":1,"status":2})", "u").error, "");
}

TEST(StreamRecord, WhatIsNoObjectIsRefused) {
  for (const char* line : {"", "[]", "1", "{", "null", "<html>"}) {
    EXPECT_THROW(read_stream_record(line, "u"), base::Error) << line;
  }
}

}  // namespace
}  // namespace axllama::cli
