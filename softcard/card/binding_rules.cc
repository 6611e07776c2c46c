#include "softcard/card/binding_rules.h"

#include <string>

namespace axllama::softcard {

namespace {

bool overlap(const Operand& a, const Operand& b) {
  return a.binding.bound && b.binding.bound && a.begin() < b.end() && b.begin() < a.end();
}

/// Collects the reports of one execution.
class Checker {
 public:
  explicit Checker(const Execution& execution) : execution_(execution), shape_(execution.shape()) {}

  std::vector<Report> check() {
    for (const Operand& input : execution_.inputs) {
      check_bound(input, "input");
      check_written(input);
    }
    for (const Operand& output : execution_.outputs) {
      check_bound(output, "output");
      check_aliasing(output);
    }
    check_one_group_per_object();
    check_offsets();
    return std::move(reports_);
  }

 private:
  void add(int rule, const std::string& tensor, const std::string& text) {
    reports_.push_back({.kind = "binding",
                        .rule = rule,
                        .model = shape_.name,
                        .tensor = tensor,
                        .group = static_cast<std::int32_t>(execution_.group),
                        .text = "Binding rule " + std::to_string(rule) + " broken by " + shape_.name +
                                ", group " + std::to_string(execution_.group) + ", tensor " + tensor + ": " +
                                text});
  }

  void check_bound(const Operand& operand, const char* side) {
    if (!operand.binding.bound) {
      add(1, operand.tensor->name, std::string("this ") + side + " is not bound.");
    } else if (operand.binding.size != operand.needed) {
      add(2, operand.tensor->name,
          "bound with " + std::to_string(operand.binding.size) + " bytes, the group has " +
              std::to_string(operand.needed) + ".");
    }
  }

  void check_one_group_per_object() {
    const std::uint32_t first = execution_.io->first_group(execution_.group);
    if (first != execution_.group && (shape_.input_bytes[first] != shape_.input_bytes[execution_.group] ||
                                      shape_.output_bytes[first] != shape_.output_bytes[execution_.group])) {
      add(3, "(all)",
          "the IO object was executed with group " + std::to_string(first) + " before, whose sizes differ.");
    }
  }

  // mask and indices (4), and the K and V rows of a chunk (5).
  void check_offsets() {
    for (const char* name : {"indices", "mask"}) {
      const Operand* operand = execution_.input(name);
      if (operand != nullptr && operand->at && operand->at->offset != 0) {
        add(4, name,
            "bound " + std::to_string(operand->at->offset) +
                " bytes inside a larger block; the card may read stale values there.");
      }
    }
    if (execution_.kind() != GroupKind::kPrefill) {
      return;
    }
    for (const char* cache : {"K_cache", "V_cache"}) {
      const Operand* in = execution_.input(cache);
      const std::string name = std::string(cache) + "_out";
      const Operand* out = execution_.output(name);
      if (out == nullptr || !out->at) {
        continue;
      }
      if (out->at->offset != 0 || (in != nullptr && in->at && in->at->block == out->at->block)) {
        add(5, name,
            "the rows of a chunk are bound " + std::to_string(out->at->offset) +
                " bytes inside a larger block; they need a buffer of their own.");
      }
    }
  }

  void check_aliasing(const Operand& output) {
    for (const Operand& input : execution_.inputs) {
      // Rows go into their slot of the cache they extend; a chunk's rows are rule 5's business.
      if (output.tensor->name == input.tensor->name + "_out") {
        continue;
      }
      if (overlap(output, input)) {
        add(6, output.tensor->name, "shares memory with the input " + input.tensor->name + ".");
      }
    }
    for (const Operand& other : execution_.outputs) {
      if (&other < &output && overlap(output, other)) {
        add(6, output.tensor->name, "shares memory with the output " + other.tensor->name + ".");
      }
    }
  }

  void check_written(const Operand& input) {
    if (!input.at || input.needed > input.at->available()) {
      return;
    }
    const std::uint64_t missing = input.at->block->first_unwritten(input.at->offset, input.needed);
    if (missing == input.at->offset + input.needed) {
      return;
    }
    if (input.at->block->is_skipped(missing)) {
      add(8, input.tensor->name,
          "byte " + std::to_string(missing - input.at->offset) +
              " belongs to an output that a chunk of too few rows left untouched.");
    } else {
      add(7, input.tensor->name,
          "byte " + std::to_string(missing - input.at->offset) + " was never written, so it is garbage.");
    }
  }

  const Execution& execution_;
  const ModelShape& shape_;
  std::vector<Report> reports_;
};

}  // namespace

std::vector<Report> check_binding_rules(const Execution& execution) {
  return Checker(execution).check();
}

}  // namespace axllama::softcard
