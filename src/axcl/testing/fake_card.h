#pragma once

#include <chrono>
#include <memory>

#include "axcl/runtime.h"
#include "axcl/testing/fake_library.h"

namespace axllama::axcl::testing {

/// A fake runtime whose cards are there at once or not at all.
inline std::shared_ptr<Runtime> open_runtime(const FakeLibrary& fake) {
  RuntimeOptions options;
  options.library = fake.path();
  options.device_wait = std::chrono::milliseconds(0);
  return Runtime::open(options);
}

}  // namespace axllama::axcl::testing
