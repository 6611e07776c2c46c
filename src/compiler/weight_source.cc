#include "compiler/weight_source.h"

#include "base/error.h"

namespace axllama::compiler {

void WeightSource::read_stored(const std::string& tensor, std::size_t /*rows*/, std::size_t /*columns*/,
                               std::size_t /*first*/, std::size_t /*count*/, softcard::BlockSource& /*out*/) {
  throw base::Error(base::ErrorCode::kInternal, "the source does not have " + tensor + " in integers");
}

}  // namespace axllama::compiler
