#include "text/jinja/error.h"
#include "text/jinja/parser_impl.h"

namespace axllama::text::jinja {

Token Parser::next() {
  Token token = current();
  if (token.type == TokenType::kError) {
    fail_at(token.offset, token.text);
  }
  if (at_ + 1 < tokens_.size()) {
    ++at_;
  }
  if (current().type == TokenType::kError) {
    fail_at(current().offset, current().text);
  }
  return token;
}

bool Parser::skip_operator(std::string_view text) {
  if (!is_operator(text)) {
    return false;
  }
  next();
  return true;
}

bool Parser::skip_name(std::string_view text) {
  if (!is_name(text)) {
    return false;
  }
  next();
  return true;
}

void Parser::expect_operator(std::string_view text) {
  if (!skip_operator(text)) {
    fail_unexpected("'" + std::string(text) + "'");
  }
}

void Parser::expect_name(std::string_view text) {
  if (!skip_name(text)) {
    fail_unexpected("'" + std::string(text) + "'");
  }
}

Token Parser::expect(TokenType type, std::string_view what) {
  if (current().type != type) {
    fail_unexpected(std::string(what));
  }
  return next();
}

void Parser::fail_at(std::uint32_t offset, const std::string& message) {
  throw Failure(ErrorKind::kSyntax, message, offset);
}

void Parser::fail_here(const std::string& message) const {
  fail_at(current().offset, message);
}

void Parser::fail_unexpected(const std::string& expected) const {
  fail_here("expected " + expected + ", found " + describe_current());
}

std::string Parser::describe_current() const {
  switch (current().type) {
    case TokenType::kEnd:
      return "the end of the template";
    case TokenType::kVariableEnd:
      return "'}}'";
    case TokenType::kBlockEnd:
      return "'%}'";
    case TokenType::kString:
      return "a string";
    case TokenType::kData:
      return "text";
    default:
      return "'" + current().text + "'";
  }
}

NameId Parser::intern(const std::string& name) {
  const auto [entry, is_new] = ids_.try_emplace(name, static_cast<NameId>(result_.names.size()));
  if (is_new) {
    result_.names.push_back(name);
  }
  return entry->second;
}

void Parser::note_mention(const std::string& name) {
  for (Mentions* mentions : mentions_) {
    mentions->loop |= name == "loop";
    mentions->varargs |= name == "varargs";
    mentions->kwargs |= name == "kwargs";
    mentions->caller |= name == "caller";
  }
}

}  // namespace axllama::text::jinja
