#pragma once

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::base::testing {

/// The Error that `action` throws; the test fails when it throws none.
template <typename Action>
Error error_of(Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {ErrorCode::kInternal, ""};
}

/// Why `action` is refused as a mistake of its caller (kInvalidArgument).
template <typename Action>
std::string refusal_of(Action&& action) {
  const Error error = error_of(std::forward<Action>(action));
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.message();
  return error.message();
}

}  // namespace axllama::base::testing
