#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"

namespace axllama::text::jinja {

enum class ErrorKind {
  kSyntax,     // the template cannot be parsed
  kUndefined,  // an undefined value was used where a value is needed
  kRuntime,    // an operation does not fit its operands
  kRaised,     // the template itself called raise_exception
  kLimit,      // a limit of limits.h was reached
};

/// A failed template: base::Error (kInvalidArgument) whose message is "LABEL, line L, column C: reason".
class TemplateError : public base::Error {
 public:
  TemplateError(ErrorKind kind, const std::string& label, int line, int column, const std::string& reason);

  ErrorKind kind() const noexcept { return kind_; }
  int line() const noexcept { return line_; }      // from 1
  int column() const noexcept { return column_; }  // from 1, in characters
  const std::string& reason() const noexcept { return reason_; }

 private:
  ErrorKind kind_;
  int line_;
  int column_;
  std::string reason_;
};

/// The form of a failure inside the engine, before the template's label and the line are known. `offset` is
/// the byte in the source that is to blame; the innermost expression or statement under evaluation fills it
/// in.
class Failure : public std::exception {
 public:
  Failure(ErrorKind failure_kind, std::string text) : kind(failure_kind), message(std::move(text)) {}
  Failure(ErrorKind failure_kind, std::string text, std::uint32_t at)
      : kind(failure_kind), message(std::move(text)), offset(at) {}
  const char* what() const noexcept override { return message.c_str(); }

  ErrorKind kind;
  std::string message;
  std::optional<std::uint32_t> offset;
};

/// Throws a Failure of kind kRuntime.
[[noreturn]] void fail(std::string message);

}  // namespace axllama::text::jinja
