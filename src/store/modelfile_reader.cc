#include "store/modelfile_reader.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "base/error.h"

namespace axllama::store {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kFence = "\"\"\"";
constexpr std::uint32_t kReplacement = 0xFFFD;

void append_utf8(std::string& out, std::uint32_t code) {
  const auto byte = [&out](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | (code >> 6));
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | (code >> 12));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | (code >> 18));
    byte(0x80 | ((code >> 12) & 0x3F));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

std::string from_utf16(std::string_view bytes, bool big_endian) {
  std::string out;
  const auto unit = [&](std::size_t at) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const auto second = static_cast<unsigned char>(bytes[at + 1]);
    return static_cast<std::uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
  };
  for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
    const std::uint32_t code = unit(at);
    const bool high = code >= 0xD800 && code < 0xDC00;
    const std::uint32_t low = high && at + 3 < bytes.size() ? unit(at + 2) : 0;
    if (high && low >= 0xDC00 && low < 0xE000) {
      append_utf8(out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
      at += 2;
    } else {
      append_utf8(out, code >= 0xD800 && code < 0xE000 ? kReplacement : code);
    }
  }
  return out;
}

std::string_view trim_end(std::string_view text) {
  const auto last = text.find_last_not_of(kBlanks);
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

/// The first """ with nothing but blanks behind it on its line.
std::size_t closing_fence(std::string_view text, std::size_t from) {
  for (auto at = text.find(kFence, from); at != std::string_view::npos; at = text.find(kFence, at + 1)) {
    const std::string_view behind = text.substr(at + kFence.size());
    if (trim_end(behind.substr(0, std::min(behind.find('\n'), behind.size()))).empty()) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string modelfile_as_utf8(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE")) return from_utf16(bytes.substr(2), false);
  if (bytes.starts_with("\xFE\xFF")) return from_utf16(bytes.substr(2), true);
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  return std::string(bytes);
}

void ModelfileReader::advance(std::size_t count) {
  line_at_ +=
      static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                          text_.begin() + static_cast<std::ptrdiff_t>(at_ + count), '\n'));
  at_ += count;
}

void ModelfileReader::skip_blanks() {
  at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size());
}

std::string_view ModelfileReader::rest_of_line() {
  const std::size_t end = std::min(text_.find('\n', at_), text_.size());
  return text_.substr(at_, end - at_);
}

std::optional<std::string> ModelfileReader::next_command() {
  while (true) {
    skip_blanks();
    if (at_ == text_.size()) return std::nullopt;
    if (text_[at_] != '\n' && text_[at_] != '#') break;
    const std::size_t length = rest_of_line().size();
    advance(std::min(length + 1, text_.size() - at_));
  }
  line_ = line_at_;
  std::string word = next_word();
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return word;
}

std::string ModelfileReader::next_word() {
  skip_blanks();
  const std::string_view rest = rest_of_line();
  const std::string_view word = rest.substr(0, std::min(rest.find_first_of(kBlanks), rest.size()));
  advance(word.size());
  return std::string(word);
}

std::string ModelfileReader::value() {
  skip_blanks();
  if (text_.substr(at_).starts_with(kFence)) {
    const std::size_t begin = at_ + kFence.size();
    const std::size_t end = closing_fence(text_, begin);
    if (end == std::string_view::npos) {
      throw base::Error(base::ErrorCode::kInvalidArgument,
                        "(line " + std::to_string(line_) +
                            "): the text that begins with \"\"\" has no \"\"\" at the end of a line");
    }
    const std::string_view text = text_.substr(begin, end - begin);
    advance(end + kFence.size() - at_);
    advance(rest_of_line().size());
    return std::string(text);
  }
  const std::string_view rest = rest_of_line();
  advance(rest.size());
  const std::string_view text = trim_end(rest);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return std::string(text.substr(1, text.size() - 2));
  }
  return std::string(text);
}

}  // namespace axllama::store
