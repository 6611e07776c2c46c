#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "text/gotemplate/ast.h"

namespace axllama::text::gotemplate {

/// One rendering. Use once, from one thread. Throws Failure.
class Executor {
 public:
  /// All references must outlive the object.
  Executor(const ParsedTemplate& parsed, const FunctionContext& context)
      : parsed_(parsed), context_(context) {}

  std::string run(const Value& data);
  /// Without everything that stands in the source after the first action that names the member `field`.
  std::string run_until(const Value& data, std::string_view field);

 private:
  enum class Flow : std::uint8_t { kNormal, kBreak, kContinue };

  Flow run_body(const Body& body, const Value& dot);
  Flow run_node(const Node& node, const Value& dot);
  Flow run_branch(const Node& node, const Value& dot);
  Flow run_range(const Node& node, const Value& dot);
  void run_template(const Node& node, const Value& dot);
  void write(std::string_view text);
  void step(std::uint64_t count = 1);

  Value eval_pipeline(const Pipeline& pipeline, const Value& dot);
  Value eval_commands(const Pipeline& pipeline, const Value& dot);
  Value eval_command(const Command& command, const Value& dot, const Value* passed);
  Value eval_function(const Command& command, const Value& dot, const Value* passed);
  Value eval_operand(const Operand& operand, const Value& dot);
  Value eval_term(const Operand& operand, const Value& dot);
  Value member_of(const Value& owner, const std::string& name, bool is_root) const;
  void set_variable(const std::string& name, const Value& value, bool declare);

  const ParsedTemplate& parsed_;
  const FunctionContext& context_;
  Value root_;
  std::vector<std::pair<std::string, Value>> variables_;
  std::string out_;
  std::uint32_t last_ = std::numeric_limits<std::uint32_t>::max();  // no node beyond this offset is run
  std::uint64_t steps_ = 0;
  int depth_ = 0;
};

}  // namespace axllama::text::gotemplate
