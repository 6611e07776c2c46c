#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "text/jinja/macro.h"
#include "text/jinja/parser.h"
#include "text/jinja/runtime.h"

namespace axllama::text::jinja {

/// One rendering of a template. Use once, from one thread. Throws Failure.
class Interpreter : public Runtime {
 public:
  /// All references must outlive the object. `variables` is an object.
  Interpreter(const ParsedTemplate& parsed, const Limits& limits, const RenderOptions& options,
              const nlohmann::ordered_json& variables);

  std::string render();
  Value call(const Value& callee, Arguments arguments) override;

 private:
  enum class Flow : std::uint8_t { kNormal, kBreak, kContinue };

  // Scopes.
  Scope* new_scope(Scope* parent);
  void drop_scope(Scope* scope);
  static void capture(Scope* scope);
  /// Makes another scope current while it lives; a fresh child of `parent` unless captured by then is used
  /// again.
  class ScopeGuard {
   public:
    ScopeGuard(Interpreter& interpreter, Scope* parent);
    ~ScopeGuard();
    ScopeGuard(const ScopeGuard&) = delete;
    ScopeGuard& operator=(const ScopeGuard&) = delete;
    /// Forgets the variables, for the next round of a loop.
    void renew();

   private:
    Interpreter& interpreter_;
    Scope* previous_;
    Scope* scope_;
  };
  Value lookup(NameId name);
  void assign(const Target& target, const Value& value);

  // Output.
  void write(std::string_view text);
  void write(const Value& value);
  /// Redirects output while it lives.
  class Capture {
   public:
    explicit Capture(Interpreter& interpreter);
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;
    Value take();

   private:
    Interpreter& interpreter_;
    std::string* previous_;
    std::string text_;
  };

  // Statements.
  Flow run(const Body& body);
  Flow run(const Statement& statement);
  Flow run_kind(const Statement& statement);
  Flow run_if(const IfStatement& statement);
  void run_for(const ForStatement& statement);
  void run_loop(const ForStatement& statement, const Value& iterable, Scope* surroundings, int depth);
  Flow run_captured(const Body& body, Value& text);
  Flow run_set_block(const SetBlockStatement& statement);
  Flow run_filter_block(const FilterBlockStatement& statement);
  Flow run_with(const WithStatement& statement);
  Value make_macro(const MacroDefinition& definition);
  Value call_macro(Macro& macro, Arguments arguments);

  // Expressions.
  Value eval(const Expr& expr);
  Value eval_kind(const Expr& expr);
  std::vector<Value> eval_all(const std::vector<ExprPtr>& items);
  Value eval_dict(const DictExpr& expr);
  Value eval_unary(const UnaryExpr& expr);
  Value eval_logic(const LogicExpr& expr);
  Value eval_concat(const ConcatExpr& expr);
  Value eval_compare(const CompareExpr& expr);
  Value eval_conditional(const ConditionalExpr& expr);
  Value eval_item(const ItemExpr& expr);
  Value eval_call(const CallExpr& expr, const Value* caller);
  Value eval_filter(const FilterExpr& expr, const Value* block_text);
  Value eval_test(const TestExpr& expr);
  Arguments eval_arguments(const CallArguments& arguments);

  const ParsedTemplate& parsed_;
  const nlohmann::ordered_json& variables_;
  std::vector<std::optional<Value>> globals_;  // by NameId, filled when first looked up
  std::vector<std::unique_ptr<Scope>> scopes_;
  std::vector<Scope*> free_scopes_;
  Scope* scope_ = nullptr;
  std::string output_;
  std::string* out_ = &output_;
  std::size_t buffered_ = 0;  // bytes in output_ and all captures
  int depth_ = 0;
};

}  // namespace axllama::text::jinja
