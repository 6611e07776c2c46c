#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/model_settings.h"

namespace axllama::store {

/// A Modelfile, read: what a model is made from, and what is said about it. Nothing is looked up.
struct Modelfile {
  std::vector<std::string> from;  // names of models and paths, in order; at least one
  ModelSettings settings;
  std::vector<std::string> adapters;       // paths
  std::vector<std::string> warnings = {};  // about parameters that mean nothing any more
  bool operator==(const Modelfile&) const = default;
};

/// Reads the text of a Modelfile: UTF-8, or UTF-16 with a byte order mark. Commands are not case-sensitive;
/// values are the rest of a line, "one line" or """several lines"""; lines that begin with '#' are comments.
/// Throws Error (kInvalidArgument) in Ollama's words: `no FROM line`, `(line N): command must be one of ...`,
/// `message role must be one of ...`, `unknown parameter 'x'`.
Modelfile parse_modelfile(std::string_view text);

/// Writes what parse_modelfile() reads back as the same, but for """ at the end of a line within a text,
/// which the grammar cannot express.
std::string print_modelfile(const Modelfile& file);

/// The value of one parameter as its kind says: a number, true or false, or a string. Throws Error
/// (kInvalidArgument) `unknown parameter 'x'`, or when the value is of another kind.
Json parse_parameter(const std::string& name, const std::string& value);
/// Adds a parsed parameter; one that is a list ("stop") grows.
void add_parameter(Json& parameters, const std::string& name, Json value);

/// A parameter's value as Modelfiles and /api/show write it: numbers as short as they can be, strings quoted
/// as Go does.
std::string parameter_text(const Json& value);

}  // namespace axllama::store
