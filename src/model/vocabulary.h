#pragma once

#include "model/package.h"

namespace axllama::model {

/// Makes sure that a token means the same to both models, so that `draft` can guess tokens for `model`: their
/// tokenizers have as many tokens, of the same bytes, and the same ones are special. Embedding tables may
/// have different numbers of rows behind the last token. Throws Error (kInvalidArgument) with a sentence that
/// names both packages and the first difference.
void require_same_vocabulary(const Package& model, const Package& draft);

}  // namespace axllama::model
