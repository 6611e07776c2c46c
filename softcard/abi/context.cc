#include "softcard/abi/axcl_abi.h"
#include "softcard/abi/entry.h"

using axllama::softcard::guarded;
using axllama::softcard::require;
using axllama::softcard::runtime;
namespace code = axllama::softcard::code;

axclError axclrtCreateContext(axclrtContext* context, std::int32_t id) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(context, code::kContextNull, "The place for the context");
    *context = runtime().create_context(id);
  });
}

axclError axclrtDestroyContext(axclrtContext context) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { runtime().destroy_context(context); });
}

axclError axclrtSetCurrentContext(axclrtContext context) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] { runtime().set_current_context(context); });
}

axclError axclrtGetCurrentContext(axclrtContext* context) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(context, code::kContextNull, "The place for the context");
    *context = runtime().current_handle();
  });
}

axclError axclrtGetDefaultContext(axclrtContext* context, std::int32_t id) {
  SOFTCARD_COUNT_CALL();
  return guarded([&] {
    require(context, code::kContextNull, "The place for the context");
    *context = runtime().default_context(id);
  });
}
