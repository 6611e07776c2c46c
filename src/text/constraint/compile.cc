#include "text/constraint/compile.h"

#include <list>
#include <mutex>
#include <optional>
#include <utility>

#include "base/error.h"
#include "text/constraint/gbnf.h"
#include "text/constraint/grammar_constraint.h"
#include "text/constraint/json_grammar.h"
#include "text/constraint/json_schema_grammar.h"
#include "text/constraint/limits.h"
#include "text/constraint/regex_grammar.h"
#include "text/constraint/schema_document.h"
#include "text/thinking_parser.h"

namespace axllama::text {
namespace {

using TokenizerPointer = std::shared_ptr<const Tokenizer>;

/// Compiled constraints by their source, the latest first. Thread-safe.
class CompiledConstraints {
 public:
  /// That of `source`, which `make` compiles if it is not known; others may do so at the same time.
  template <typename Make>
  std::shared_ptr<const Constraint> get(const TokenizerPointer& tokenizer, std::string source, Make make) {
    if (auto known = find(tokenizer, source)) return known;
    Grammar grammar;
    const Grammar::Node root = make(grammar);
    auto constraint = compile(std::move(grammar), root, tokenizer);
    const std::lock_guard lock(mutex_);
    entries_.push_front({tokenizer, std::move(source), constraint});
    if (entries_.size() > kConstraintLimits.max_compiled) entries_.pop_back();
    return constraint;
  }

 private:
  struct Entry {
    std::weak_ptr<const Tokenizer> tokenizer;
    std::string source;
    std::shared_ptr<const Constraint> constraint;
  };

  std::shared_ptr<const Constraint> find(const TokenizerPointer& tokenizer, const std::string& source) {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [](const Entry& entry) { return entry.tokenizer.expired(); });
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->source == source && entry->tokenizer.lock() == tokenizer) {
        entries_.splice(entries_.begin(), entries_, entry);
        return entries_.front().constraint;
      }
    }
    return nullptr;
  }

  std::mutex mutex_;
  std::list<Entry> entries_;
};

CompiledConstraints& compiled() {
  static CompiledConstraints constraints;
  return constraints;
}

std::string key_prefix(Thoughts thoughts) {
  return thoughts == Thoughts::kAllowed ? "thoughts, " : "";
}

/// A tag as text, or as the control token that it is in some vocabularies.
Grammar::Node tag(Grammar& grammar, const Tokenizer& tokenizer, const std::string& text) {
  const auto token = tokenizer.token_id(text);
  return token && tokenizer.is_special(*token) ? grammar.special(*token) : grammar.literal(text);
}

Grammar::Node with_thoughts(Grammar& grammar, Thoughts thoughts, const Tokenizer& tokenizer,
                            Grammar::Node answer) {
  if (thoughts == Thoughts::kNone) return answer;
  const ThinkingTags tags;
  const auto closing = tokenizer.token_id(tags.closing);
  const Grammar::Node rest =
      closing && tokenizer.is_special(*closing)
          ? grammar.sequence(
                {grammar.repeat(grammar.characters(CharacterSet::all()), 0), grammar.special(*closing)})
          : add_text_until(grammar, tags.closing);
  const Grammar::Node thinking =
      grammar.sequence({grammar.optional(grammar.repeat(grammar.literal("\n"), 1, 2)),
                        tag(grammar, tokenizer, tags.opening), rest});
  return grammar.sequence({grammar.optional(thinking), answer});
}

}  // namespace

std::shared_ptr<const Constraint> compile_json(const TokenizerPointer& tokenizer, JsonRoot root,
                                               Thoughts thoughts) {
  const bool object = root == JsonRoot::kObject;
  return compiled().get(
      tokenizer, key_prefix(thoughts) + (object ? "json object" : "json"), [&](Grammar& grammar) {
        JsonGrammar json(grammar);
        return with_thoughts(grammar, thoughts, *tokenizer,
                             grammar.sequence({json.leading_space(), object ? json.object() : json.value()}));
      });
}

std::shared_ptr<const Constraint> compile_json_schema(const nlohmann::ordered_json& schema,
                                                      const TokenizerPointer& tokenizer, Thoughts thoughts) {
  const SchemaDocument checked(schema);  // its size, before it is written out
  const std::string source = schema.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  return compiled().get(tokenizer, key_prefix(thoughts) + "schema " + source, [&](Grammar& grammar) {
    JsonGrammar json(grammar);
    return with_thoughts(grammar, thoughts, *tokenizer,
                         grammar.sequence({json.leading_space(), add_json_schema(json, schema)}));
  });
}

std::shared_ptr<const Constraint> compile_grammar(std::string_view gbnf, const TokenizerPointer& tokenizer,
                                                  Thoughts thoughts) {
  return compiled().get(tokenizer, key_prefix(thoughts) + "gbnf " + std::string(gbnf), [&](Grammar& grammar) {
    return with_thoughts(grammar, thoughts, *tokenizer, add_gbnf(grammar, gbnf));
  });
}

std::shared_ptr<const Constraint> compile_regex(std::string_view pattern, const TokenizerPointer& tokenizer,
                                                Thoughts thoughts) {
  return compiled().get(tokenizer, key_prefix(thoughts) + "regex " + std::string(pattern),
                        [&](Grammar& grammar) {
                          return with_thoughts(grammar, thoughts, *tokenizer, add_regex(grammar, pattern));
                        });
}

std::shared_ptr<const Constraint> compile_choices(const std::vector<std::string>& choices,
                                                  const TokenizerPointer& tokenizer, Thoughts thoughts) {
  if (choices.empty()) {
    throw base::Error(base::ErrorCode::kInvalidArgument, "A list of choices must not be empty.");
  }
  std::string source = key_prefix(thoughts) + "choices";
  for (const std::string& choice : choices) source += " " + std::to_string(choice.size()) + ":" + choice;
  if (source.size() > kConstraintLimits.max_source_bytes) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "The choices are longer than " + std::to_string(kConstraintLimits.max_source_bytes) +
                          " bytes together.");
  }
  return compiled().get(tokenizer, std::move(source), [&](Grammar& grammar) {
    return with_thoughts(grammar, thoughts, *tokenizer, grammar.literals(choices));
  });
}

std::shared_ptr<const Constraint> compile(Grammar grammar, Grammar::Node root,
                                          const TokenizerPointer& tokenizer) {
  if (tokenizer->eos().empty()) {
    throw base::Error(
        base::ErrorCode::kUnsupported,
        "The model's tokenizer names no end-of-sequence token, so the form of an answer cannot be "
        "prescribed.");
  }
  return std::make_shared<const GrammarConstraint>(build_automaton(std::move(grammar), root),
                                                   TokenVocabulary::of(tokenizer));
}

}  // namespace axllama::text
