#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "text/gotemplate/functions.h"
#include "text/gotemplate/value.h"

namespace axllama::text::gotemplate {

// The parsed template. Immutable after parsing and shared by all renderings.

struct Pipeline;

/// One word of a command.
struct Operand {
  enum class Kind : std::uint8_t { kConstant, kNil, kDot, kField, kVariable, kFunction, kPipeline };
  Kind kind = Kind::kDot;
  std::uint32_t offset = 0;
  Value constant = {};                            // kConstant
  std::string name = {};                          // kVariable with its $, kFunction
  const Function* function = nullptr;             // kFunction
  std::vector<std::string> fields = {};           // members taken one after another: .A.B, $x.A, (pipeline).A
  std::shared_ptr<const Pipeline> pipeline = {};  // kPipeline
};

struct Command {
  std::vector<Operand> operands;  // at least one; the first is a value or a function
};

struct Pipeline {
  std::uint32_t offset = 0;
  std::vector<std::string> variables;  // declared or assigned, with their $
  bool declares = false;
  std::vector<Command> commands;  // at least one
};

struct Node;
using Body = std::vector<Node>;

struct Node {
  enum class Kind : std::uint8_t { kText, kAction, kIf, kRange, kWith, kTemplate, kBreak, kContinue };
  Kind kind = Kind::kText;
  std::uint32_t offset = 0;
  std::string text = {};  // kText; kTemplate: its name
  Pipeline pipeline = {};
  bool has_pipeline = true;  // kTemplate may have none
  Body body = {};
  Body otherwise = {};
};

struct ParsedTemplate {
  std::string source;
  Body body;
  std::map<std::string, Body, std::less<>> definitions;  // {{ define }} and {{ block }}
  std::set<std::string, std::less<>> fields;             // every member named anywhere
};

}  // namespace axllama::text::gotemplate
