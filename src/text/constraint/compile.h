#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "text/constraint/constraint.h"
#include "text/constraint/grammar.h"
#include "text/tokenizer/tokenizer.h"

namespace axllama::text {

// Each function makes a constraint for the vocabulary of `tokenizer`, which must name an end-of-sequence
// token (else Error, kUnsupported). Sources that are wrong, contradict themselves, use what is not supported
// or exceed ConstraintLimits are refused with Error (kInvalidArgument), whose sentence names the keyword and
// the place. The latest constraints made from a source are kept, with the masks they have computed.
// Thread-safe.

/// What a JSON text may be.
enum class JsonRoot { kValue, kObject };

/// Whether an answer may begin with thoughts between `<think>` and `</think>`.
enum class Thoughts { kNone, kAllowed };

/// Any JSON text.
std::shared_ptr<const Constraint> compile_json(const std::shared_ptr<const Tokenizer>& tokenizer,
                                               JsonRoot root = JsonRoot::kValue,
                                               Thoughts thoughts = Thoughts::kNone);

/// JSON that a schema accepts (docs/structured-output.md says which keywords).
std::shared_ptr<const Constraint> compile_json_schema(const nlohmann::ordered_json& schema,
                                                      const std::shared_ptr<const Tokenizer>& tokenizer,
                                                      Thoughts thoughts = Thoughts::kNone);

/// Texts of a grammar in llama.cpp's notation (GBNF), of which the rule `root` is the whole answer.
std::shared_ptr<const Constraint> compile_grammar(std::string_view gbnf,
                                                  const std::shared_ptr<const Tokenizer>& tokenizer,
                                                  Thoughts thoughts = Thoughts::kNone);

/// Texts that a regular expression matches from beginning to end.
std::shared_ptr<const Constraint> compile_regex(std::string_view pattern,
                                                const std::shared_ptr<const Tokenizer>& tokenizer,
                                                Thoughts thoughts = Thoughts::kNone);

/// One of some texts.
std::shared_ptr<const Constraint> compile_choices(const std::vector<std::string>& choices,
                                                  const std::shared_ptr<const Tokenizer>& tokenizer,
                                                  Thoughts thoughts = Thoughts::kNone);

/// Texts put together from parts (grammar.h). Not kept: the caller does.
std::shared_ptr<const Constraint> compile(Grammar grammar, Grammar::Node root,
                                          const std::shared_ptr<const Tokenizer>& tokenizer);

}  // namespace axllama::text
