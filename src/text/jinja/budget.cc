#include "text/jinja/budget.h"

#include <string>

#include "text/jinja/error.h"

namespace axllama::text::jinja {

void Budget::out_of_steps() const {
  throw Failure(ErrorKind::kLimit,
                "the template takes more than " + std::to_string(limits_.max_steps) + " steps to render");
}

void Budget::out_of_memory() const {
  throw Failure(ErrorKind::kLimit, "the template needs more than " +
                                       std::to_string(limits_.max_memory_bytes >> 20U) + " MiB of memory");
}

void DepthGuard::too_deep(int limit, const char* what) {
  throw Failure(ErrorKind::kLimit,
                std::string(what) + " nested deeper than " + std::to_string(limit) + " levels");
}

}  // namespace axllama::text::jinja
