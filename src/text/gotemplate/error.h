#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"

namespace axllama::text::gotemplate {

/// A failed template: base::Error (kInvalidArgument) whose message is "LABEL, line L, column C: reason".
class TemplateError : public base::Error {
 public:
  TemplateError(const std::string& label, int line, int column, const std::string& reason, bool syntax);

  int line() const noexcept { return line_; }
  int column() const noexcept { return column_; }  // from 1, in bytes
  bool is_syntax() const noexcept { return syntax_; }

 private:
  int line_;
  int column_;
  bool syntax_;
};

/// The form of a failure inside the engine; the node under evaluation fills in the byte of the source that is
/// to blame.
class Failure : public std::exception {
 public:
  explicit Failure(std::string text) : message(std::move(text)) {}
  Failure(std::string text, std::uint32_t at) : message(std::move(text)), offset(at) {}
  const char* what() const noexcept override { return message.c_str(); }

  std::string message;
  std::optional<std::uint32_t> offset;
};

[[noreturn]] void fail(std::string message);

}  // namespace axllama::text::gotemplate
