#include "axcl/errors.h"

#include <gtest/gtest.h>

#include "axcl/runtime.h"

namespace axllama::axcl {
namespace {

using base::ErrorCode;

std::string describe(std::uint32_t code) {
  return describe_axcl_error(axcl_code(code));
}

TEST(DescribeAxclError, NamesModulePartReasonAndHex) {
  EXPECT_EQ(describe(0x8030010B), "runtime/device/0B, cannot open (0x8030010B)");
  EXPECT_EQ(describe(0x80300284), "runtime/context/84, the thread has no context (0x80300284)");
  EXPECT_EQ(describe(0x80300507), "runtime/memory/07, not enough memory (0x80300507)");
  EXPECT_EQ(describe(0x81300703), "native/engine/03, illegal parameter (0x81300703)");
  EXPECT_EQ(describe(0x80300A05), "runtime/latency/05, timed out (0x80300A05)");
}

TEST(DescribeAxclError, ReadsPlainNumbers) {
  EXPECT_EQ(describe(0), "success (0x00000000)");
  EXPECT_EQ(describe(4), "general, not supported (0x00000004)");
}

TEST(DescribeAxclError, KeepsTheHexOfWhatItDoesNotKnow) {
  EXPECT_EQ(describe(0x803001F0), "runtime/device/F0, unknown reason (0x803001F0)");
  EXPECT_EQ(describe(0xA0300142), "unknown module/device/42, unknown reason (0xA0300142)");
  EXPECT_EQ(describe(0x80303F01), "runtime/unknown part/01, failed for an unknown reason (0x80303F01)");
  EXPECT_EQ(describe(0x7FFFFFFF), "general, unknown reason (0x7FFFFFFF)");
}

TEST(AxclErrorCodes, SayWhatACallerCanDo) {
  EXPECT_EQ(axcl_error("x", axcl_code(0x80300181)).code(), ErrorCode::kUnavailable);
  EXPECT_EQ(axcl_error("x", axcl_code(0x80300507)).code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(axcl_error("x", 7).code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(axcl_error("x", axcl_code(0x8030070C)).code(), ErrorCode::kDevice);
  EXPECT_EQ(axcl_error("Executing failed", axcl_code(0x8030070C)).message(),
            "Executing failed: runtime/engine/0C, execution failed (0x8030070C).");
}

}  // namespace
}  // namespace axllama::axcl
