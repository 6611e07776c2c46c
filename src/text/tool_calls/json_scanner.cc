#include "text/tool_calls/json_scanner.h"

#include <array>

namespace axllama::text {
namespace {

bool is_blank(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/// Of numbers, true, false and null.
bool is_word(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '+' ||
         byte == '.' || byte == 'E';
}

}  // namespace

JsonScanner::Result JsonScanner::push(char byte) {
  if (expect_ == Expect::kString) {
    if (escaped_) {
      escaped_ = false;
    } else if (byte == '\\') {
      escaped_ = true;
    } else if (byte == '"') {
      return end_string();
    }
    if (string_is_key_ && !first_key_) {
      key_ += byte;
    }
    return Result::kMore;
  }
  if (expect_ == Expect::kWord) {
    if (is_word(byte)) {
      return Result::kMore;
    }
    expect_ = Expect::kCommaOrEnd;
  }
  return is_blank(byte) && !open_.empty() ? Result::kMore : take_structure(byte);
}

JsonScanner::Result JsonScanner::take_structure(char byte) {
  switch (expect_) {
    case Expect::kFirstValue:
      return byte == ']' ? close(byte) : begin_value(byte);
    case Expect::kValue:
      return begin_value(byte);
    case Expect::kFirstKey:
      if (byte == '}') {
        return close(byte);
      }
      [[fallthrough]];
    case Expect::kKey:
      if (byte != '"') {
        return Result::kBroken;
      }
      string_is_key_ = true;
      expect_ = Expect::kString;
      return Result::kMore;
    case Expect::kColon:
      expect_ = Expect::kValue;
      return byte == ':' ? Result::kMore : Result::kBroken;
    case Expect::kCommaOrEnd:
      if (byte == ',') {
        expect_ = open_.back() == '{' ? Expect::kKey : Expect::kValue;
        return Result::kMore;
      }
      return close(byte);
    case Expect::kWord:
    case Expect::kString:
      break;
  }
  return Result::kBroken;
}

JsonScanner::Result JsonScanner::begin_value(char byte) {
  if (byte == '{' || byte == '[') {
    return open(byte);
  }
  if (open_.empty()) {
    return Result::kBroken;
  }
  if (byte == '"') {
    string_is_key_ = false;
    expect_ = Expect::kString;
    return Result::kMore;
  }
  expect_ = Expect::kWord;
  return is_word(byte) ? Result::kMore : Result::kBroken;
}

JsonScanner::Result JsonScanner::open(char bracket) {
  if (open_.size() == kMostDepth) {
    return Result::kBroken;
  }
  open_.push_back(bracket);
  expect_ = bracket == '{' ? Expect::kFirstKey : Expect::kFirstValue;
  return Result::kMore;
}

JsonScanner::Result JsonScanner::close(char bracket) {
  if ((bracket != '}' && bracket != ']') || (open_.back() == '{') != (bracket == '}')) {
    return Result::kBroken;
  }
  open_.pop_back();
  expect_ = Expect::kCommaOrEnd;
  return open_.empty() ? Result::kDone : Result::kMore;
}

JsonScanner::Result JsonScanner::end_string() {
  expect_ = string_is_key_ ? Expect::kColon : Expect::kCommaOrEnd;
  if (string_is_key_ && !first_key_) {
    first_key_ = key_;
  }
  return Result::kMore;
}

std::string escape_control_characters(std::string_view json) {
  static constexpr std::array<char, 17> kDigits = {"0123456789abcdef"};
  std::string result;
  result.reserve(json.size());
  bool in_string = false;
  bool escaped = false;
  for (const char byte : json) {
    const auto value = static_cast<unsigned char>(byte);
    if (in_string && value < 0x20) {
      if (escaped) {
        result.pop_back();  // the backslash that stood before the raw character
      }
      result += "\\u00";
      result += kDigits[value >> 4U];
      result += kDigits[value & 0x0FU];
      escaped = false;
      continue;
    }
    if (escaped) {
      escaped = false;
    } else if (in_string && byte == '\\') {
      escaped = true;
    } else if (byte == '"') {
      in_string = !in_string;
    }
    result += byte;
  }
  return result;
}

}  // namespace axllama::text
