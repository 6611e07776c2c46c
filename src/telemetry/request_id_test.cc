#include "telemetry/request_id.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace axllama::telemetry {
namespace {

TEST(RequestIdTest, IsSixteenHexDigitsAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = new_request_id();
    ASSERT_EQ(id.size(), 16U);
    ASSERT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    ASSERT_TRUE(seen.insert(id).second) << id;
  }
}

}  // namespace
}  // namespace axllama::telemetry
