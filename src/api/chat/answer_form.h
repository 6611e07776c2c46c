#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "api/chat/chat_request.h"
#include "api/json_body.h"
#include "text/constraint/compile.h"

namespace axllama::api::chat {

/// What an answer must look like, read from the fields of a request, of which one may say it. Dialects have
/// several for that; null and "" say nothing in all of them. Each function throws Error (kInvalidArgument)
/// that names the field when its value is of the wrong kind, and both fields when another one has spoken
/// already.
class AnswerForm {
 public:
  /// "json" or a JSON Schema object.
  void read_format(const JsonFields& fields, std::string_view name);
  /// A JSON Schema object, or the text of one.
  void read_schema(const JsonFields& fields, std::string_view name);
  /// A grammar in llama.cpp's notation.
  void read_grammar(const JsonFields& fields, std::string_view name);
  /// A regular expression that the whole answer matches.
  void read_regex(const JsonFields& fields, std::string_view name);
  /// An array of strings, of which the answer is one.
  void read_choices(const JsonFields& fields, std::string_view name);
  /// `field` asks for any JSON.
  void set_json(std::string field);
  /// `field` holds the schema, an object.
  void set_schema(std::string field, const Json& schema);

  /// What `other` says, if anything.
  void merge(const AnswerForm& other);

  bool empty() const noexcept { return !compile_; }
  /// Compiles it as the request's format, after set_thinking(); nothing where no field spoke. Throws Error
  /// with what is wrong with the form and where, also when no answer can begin as it says.
  void apply(ChatRequest& request) const;

 private:
  using Compile = std::function<std::shared_ptr<const text::Constraint>(
      const std::shared_ptr<const text::Tokenizer>&, text::Thoughts)>;

  using CompileText = std::shared_ptr<const text::Constraint> (*)(
      std::string_view form, const std::shared_ptr<const text::Tokenizer>&, text::Thoughts);

  void read_text(const JsonFields& fields, std::string_view name, CompileText compile);
  void set(std::string field, Compile compile);

  std::string field_;  // that spoke, with its path
  Compile compile_;
};

}  // namespace axllama::api::chat
