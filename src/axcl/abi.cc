#include "axcl/abi.h"

#include <dlfcn.h>

#include "base/error.h"

namespace axllama::axcl {
namespace {

template <typename Function>
void resolve(void* handle, const char* symbol, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(handle, symbol));
}

}  // namespace

Abi resolve_abi(void* handle, const std::string& library) {
  Abi abi;
  const char* missing = nullptr;
#define AXLLAMA_AXCL_RESOLVE(symbol, ...) resolve(handle, #symbol, abi.symbol);
#define AXLLAMA_AXCL_REQUIRE(symbol, ...) \
  AXLLAMA_AXCL_RESOLVE(symbol)            \
  if (missing == nullptr && abi.symbol == nullptr) missing = #symbol;
  AXLLAMA_AXCL_REQUIRED_SYMBOLS(AXLLAMA_AXCL_REQUIRE)
  AXLLAMA_AXCL_OPTIONAL_SYMBOLS(AXLLAMA_AXCL_RESOLVE)
#undef AXLLAMA_AXCL_REQUIRE
#undef AXLLAMA_AXCL_RESOLVE
  if (missing != nullptr) {
    throw base::Error(
        base::ErrorCode::kUnavailable,
        "The library " + library + " is not a usable AXCL runtime: it lacks the function " + missing + ".");
  }
  return abi;
}

}  // namespace axllama::axcl
