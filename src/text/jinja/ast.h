#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/filters.h"
#include "text/jinja/operators.h"
#include "text/jinja/predicates.h"
#include "text/jinja/value.h"

namespace axllama::text::jinja {

// The parsed template. Immutable after parsing and shared by all renderings; constants in it own no Objects.

using NameId = std::uint32_t;  // index into the template's table of variable names

enum class ExprKind : std::uint8_t {
  kConstant,
  kName,
  kList,
  kTuple,
  kDict,
  kUnary,
  kBinary,
  kLogic,
  kConcat,
  kCompare,
  kConditional,
  kAttribute,
  kItem,
  kSlice,
  kCall,
  kFilter,
  kTest,
};

struct Expr {
  Expr(ExprKind expr_kind, std::uint32_t at) : kind(expr_kind), offset(at) {}
  virtual ~Expr() = default;
  Expr(const Expr&) = delete;
  Expr& operator=(const Expr&) = delete;

  const ExprKind kind;
  const std::uint32_t offset;  // byte in the source
};
using ExprPtr = std::unique_ptr<Expr>;

struct ConstantExpr : Expr {
  ConstantExpr(std::uint32_t at, Value constant)
      : Expr(ExprKind::kConstant, at), value(std::move(constant)) {}
  Value value;
};

struct NameExpr : Expr {
  NameExpr(std::uint32_t at, NameId name_id) : Expr(ExprKind::kName, at), id(name_id) {}
  NameId id;
};

struct SequenceExpr : Expr {  // kList or kTuple
  SequenceExpr(ExprKind expr_kind, std::uint32_t at, std::vector<ExprPtr> members)
      : Expr(expr_kind, at), items(std::move(members)) {}
  std::vector<ExprPtr> items;
};

struct DictExpr : Expr {
  explicit DictExpr(std::uint32_t at) : Expr(ExprKind::kDict, at) {}
  std::vector<std::pair<ExprPtr, ExprPtr>> items;
};

enum class UnaryOperator : std::uint8_t { kNot, kNegate, kAffirm };

struct UnaryExpr : Expr {
  UnaryExpr(std::uint32_t at, UnaryOperator unary, ExprPtr inner)
      : Expr(ExprKind::kUnary, at), operation(unary), operand(std::move(inner)) {}
  UnaryOperator operation;
  ExprPtr operand;
};

struct BinaryExpr : Expr {
  BinaryExpr(std::uint32_t at, BinaryOperator binary, ExprPtr l, ExprPtr r)
      : Expr(ExprKind::kBinary, at), operation(binary), left(std::move(l)), right(std::move(r)) {}
  BinaryOperator operation;
  ExprPtr left;
  ExprPtr right;
};

struct LogicExpr : Expr {
  LogicExpr(std::uint32_t at, bool conjunction, ExprPtr l, ExprPtr r)
      : Expr(ExprKind::kLogic, at), is_and(conjunction), left(std::move(l)), right(std::move(r)) {}
  bool is_and;
  ExprPtr left;
  ExprPtr right;
};

struct ConcatExpr : Expr {
  ConcatExpr(std::uint32_t at, std::vector<ExprPtr> parts)
      : Expr(ExprKind::kConcat, at), items(std::move(parts)) {}
  std::vector<ExprPtr> items;
};

struct CompareExpr : Expr {  // a < b < c means a < b and b < c
  CompareExpr(std::uint32_t at, ExprPtr leftmost)
      : Expr(ExprKind::kCompare, at), first(std::move(leftmost)) {}
  ExprPtr first;
  std::vector<std::pair<Comparison, ExprPtr>> rest;
};

struct ConditionalExpr : Expr {
  ConditionalExpr(std::uint32_t at, ExprPtr condition, ExprPtr value, ExprPtr alternative)
      : Expr(ExprKind::kConditional, at),
        test(std::move(condition)),
        then(std::move(value)),
        otherwise(std::move(alternative)) {}
  ExprPtr test;
  ExprPtr then;
  ExprPtr otherwise;  // null: undefined
};

struct AttributeExpr : Expr {
  AttributeExpr(std::uint32_t at, ExprPtr owner, std::string attribute)
      : Expr(ExprKind::kAttribute, at), object(std::move(owner)), name(std::move(attribute)) {}
  ExprPtr object;
  std::string name;
};

struct ItemExpr : Expr {
  ItemExpr(std::uint32_t at, ExprPtr owner, ExprPtr key)
      : Expr(ExprKind::kItem, at), object(std::move(owner)), index(std::move(key)) {}
  ExprPtr object;
  ExprPtr index;  // a SliceExpr for object[a:b:c]
};

struct SliceExpr : Expr {
  explicit SliceExpr(std::uint32_t at) : Expr(ExprKind::kSlice, at) {}
  ExprPtr start;  // null where omitted
  ExprPtr stop;
  ExprPtr step;
};

struct CallArguments {
  std::vector<ExprPtr> positional;
  std::vector<std::pair<std::string, ExprPtr>> named;
  ExprPtr spread;        // *spread, or null
  ExprPtr spread_named;  // **spread_named, or null
};

struct CallExpr : Expr {
  CallExpr(std::uint32_t at, ExprPtr called, CallArguments call_arguments)
      : Expr(ExprKind::kCall, at), callee(std::move(called)), arguments(std::move(call_arguments)) {}
  ExprPtr callee;
  CallArguments arguments;
};

struct FilterExpr : Expr {
  FilterExpr(std::uint32_t at, ExprPtr filtered, std::string filter_name, CallArguments call_arguments)
      : Expr(ExprKind::kFilter, at),
        input(std::move(filtered)),
        name(std::move(filter_name)),
        filter(find_filter(name)),
        arguments(std::move(call_arguments)) {}
  ExprPtr input;  // null: the text of the block that is filtered
  std::string name;
  Filter filter;  // null: no such filter, an error when evaluated
  CallArguments arguments;
};

struct TestExpr : Expr {
  TestExpr(std::uint32_t at, ExprPtr tested, std::string test_name, CallArguments call_arguments)
      : Expr(ExprKind::kTest, at),
        input(std::move(tested)),
        name(std::move(test_name)),
        predicate(find_predicate(name)),
        arguments(std::move(call_arguments)) {}
  ExprPtr input;
  std::string name;
  Predicate predicate;  // null: no such test, an error when evaluated
  CallArguments arguments;
};

/// What can stand left of `=`: a name, a namespace's attribute, or a tuple of targets.
struct Target {
  enum class Kind : std::uint8_t { kName, kAttribute, kTuple };
  Kind kind = Kind::kName;
  std::uint32_t offset = 0;
  NameId name = 0;
  std::string attribute = {};
  std::vector<Target> items = {};
};

enum class StatementKind : std::uint8_t {
  kText,
  kPrint,
  kIf,
  kFor,
  kSet,
  kSetBlock,
  kMacro,
  kCallBlock,
  kFilterBlock,
  kWith,
  kScope,
  kBreak,
  kContinue,
};

struct Statement {
  Statement(StatementKind statement_kind, std::uint32_t at) : kind(statement_kind), offset(at) {}
  virtual ~Statement() = default;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  const StatementKind kind;  // kBreak and kContinue are plain Statements
  const std::uint32_t offset;
};
using StatementPtr = std::unique_ptr<Statement>;
using Body = std::vector<StatementPtr>;

struct TextStatement : Statement {
  TextStatement(std::uint32_t at, std::string data)
      : Statement(StatementKind::kText, at), text(std::move(data)) {}
  std::string text;
};

struct PrintStatement : Statement {
  PrintStatement(std::uint32_t at, ExprPtr printed)
      : Statement(StatementKind::kPrint, at), value(std::move(printed)) {}
  ExprPtr value;
};

struct IfStatement : Statement {
  explicit IfStatement(std::uint32_t at) : Statement(StatementKind::kIf, at) {}
  std::vector<std::pair<ExprPtr, Body>> branches;  // if, elif...
  Body otherwise;
};

struct ForStatement : Statement {
  explicit ForStatement(std::uint32_t at) : Statement(StatementKind::kFor, at) {}
  Target target;
  ExprPtr iterable;
  ExprPtr filter;  // null: every item
  Body body;
  Body otherwise;
  bool recursive = false;
  bool uses_loop = false;  // whether the body mentions `loop`
};

struct SetStatement : Statement {
  explicit SetStatement(std::uint32_t at) : Statement(StatementKind::kSet, at) {}
  Target target;
  ExprPtr value;
};

struct SetBlockStatement : Statement {
  explicit SetBlockStatement(std::uint32_t at) : Statement(StatementKind::kSetBlock, at) {}
  Target target;
  ExprPtr filter;  // a chain of FilterExpr over the block's text, or null
  Body body;
};

struct MacroDefinition {
  std::string name;                                    // empty for the body of a call block
  std::vector<std::pair<NameId, ExprPtr>> parameters;  // with the default, or null
  Body body;
  bool takes_varargs = false;
  bool takes_kwargs = false;
  bool takes_caller = false;
};

struct MacroStatement : Statement {
  explicit MacroStatement(std::uint32_t at) : Statement(StatementKind::kMacro, at) {}
  NameId name = 0;
  MacroDefinition definition;
};

struct CallBlockStatement : Statement {
  explicit CallBlockStatement(std::uint32_t at) : Statement(StatementKind::kCallBlock, at) {}
  MacroDefinition caller;
  std::unique_ptr<CallExpr> call;
};

struct FilterBlockStatement : Statement {
  explicit FilterBlockStatement(std::uint32_t at) : Statement(StatementKind::kFilterBlock, at) {}
  ExprPtr filter;
  Body body;
};

struct WithStatement : Statement {
  explicit WithStatement(std::uint32_t at) : Statement(StatementKind::kWith, at) {}
  std::vector<std::pair<Target, ExprPtr>> assignments;
  Body body;
};

struct ScopeStatement : Statement {  // a body with variables of its own
  explicit ScopeStatement(std::uint32_t at) : Statement(StatementKind::kScope, at) {}
  Body body;
};

}  // namespace axllama::text::jinja
