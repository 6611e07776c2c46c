#include "api/chat/answer_form.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "base/error.h"

namespace axllama::api::chat {
namespace {

using TokenizerPointer = std::shared_ptr<const text::Tokenizer>;

/// The value of a field that speaks: null where it is absent, null or "".
const Json* find_spoken(const JsonFields& fields, std::string_view name) {
  const Json* value = fields.find(name);
  const bool silent = value != nullptr && value->is_string() && value->get_ref<const std::string&>().empty();
  return silent ? nullptr : value;
}

Json parse_schema_text(const std::string& field, const std::string& schema) {
  try {
    return parse_json_body(schema);
  } catch (const base::Error& error) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "the field \"" + field + "\" must be a JSON Schema object or the text of one",
                      error.message());
  }
}

}  // namespace

void AnswerForm::set(std::string field, Compile compile) {
  if (compile_) {
    refuse_request("the fields \"" + field_ + "\" and \"" + field +
                   "\" both say what the answer must look like; only one of them may");
  }
  field_ = std::move(field);
  compile_ = std::move(compile);
}

void AnswerForm::set_json(std::string field) {
  set(std::move(field), [](const TokenizerPointer& tokenizer, text::Thoughts thoughts) {
    return text::compile_json(tokenizer, text::JsonRoot::kValue, thoughts);
  });
}

void AnswerForm::set_schema(std::string field, const Json& schema) {
  set(std::move(field), [schema](const TokenizerPointer& tokenizer, text::Thoughts thoughts) {
    return text::compile_json_schema(schema, tokenizer, thoughts);
  });
}

void AnswerForm::read_format(const JsonFields& fields, std::string_view name) {
  const Json* format = find_spoken(fields, name);
  if (format == nullptr) {
    return;
  }
  if (format->is_object()) {
    set_schema(fields.path_of(name), *format);
  } else if (*format == "json") {
    set_json(fields.path_of(name));
  } else {
    refuse_request("invalid format: " + to_json(*format) +
                   "; expected \"json\" or a valid JSON Schema object");
  }
}

void AnswerForm::read_schema(const JsonFields& fields, std::string_view name) {
  const Json* schema = find_spoken(fields, name);
  if (schema == nullptr) {
    return;
  }
  const std::string field = fields.path_of(name);
  set_schema(field, schema->is_string() ? parse_schema_text(field, schema->get_ref<const std::string&>())
                                        : *fields.object(name));
}

void AnswerForm::read_text(const JsonFields& fields, std::string_view name, CompileText compile) {
  const std::string form = fields.string(name);
  if (form.empty()) {
    return;
  }
  set(fields.path_of(name), [form, compile](const TokenizerPointer& tokenizer, text::Thoughts thoughts) {
    return compile(form, tokenizer, thoughts);
  });
}

void AnswerForm::read_grammar(const JsonFields& fields, std::string_view name) {
  read_text(fields, name, text::compile_grammar);
}

void AnswerForm::read_regex(const JsonFields& fields, std::string_view name) {
  read_text(fields, name, text::compile_regex);
}

void AnswerForm::read_choices(const JsonFields& fields, std::string_view name) {
  const Json* array = find_spoken(fields, name) == nullptr ? nullptr : fields.array(name);
  if (array == nullptr) {
    return;
  }
  std::vector<std::string> choices;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const Json& choice = (*array)[i];
    if (!choice.is_string()) {
      refuse_request("the field \"" + fields.path_of(name) + "[" + std::to_string(i) +
                     "]\" must be a string, not " + std::string(json_kind(choice)));
    }
    choices.push_back(choice.get<std::string>());
  }
  set(fields.path_of(name), [choices](const TokenizerPointer& tokenizer, text::Thoughts thoughts) {
    return text::compile_choices(choices, tokenizer, thoughts);
  });
}

void AnswerForm::merge(const AnswerForm& other) {
  if (!other.empty()) {
    set(other.field_, other.compile_);
  }
}

void AnswerForm::apply(ChatRequest& request) const {
  if (empty()) {
    return;
  }
  // Of the package, and kept alive with it.
  const TokenizerPointer tokenizer(request.model.package, &request.model.package->tokenizer());
  request.format = compile_(tokenizer, text::Thoughts::kNone);
  request.format->start()->allowed();  // throws where nothing is; what it computes is kept for the answer
  if (request.think) {
    request.format_after_thoughts = compile_(tokenizer, text::Thoughts::kAllowed);
  }
}

}  // namespace axllama::api::chat
