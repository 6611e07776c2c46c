#pragma once

#include <exception>

#include "base/error.h"
#include "inference/generation.h"

namespace axllama::serving {

/// What an exception of the lane says to a reader.
base::Error as_error(std::exception_ptr exception);

base::Error shutting_down();

/// The last event of a request that ends without an answer.
inference::TokenEvent end_event(inference::FinishReason reason, std::size_t prompt_tokens = 0);

}  // namespace axllama::serving
