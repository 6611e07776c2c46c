#include "cli/edit_buffer.h"

#include <algorithm>

#include "base/utf8.h"

namespace axllama::cli {

std::string EditBuffer::text() const {
  std::string text;
  for (const std::string& character : characters_) text += character;
  return text;
}

void EditBuffer::set(std::string_view utf8) {
  characters_.clear();
  cursor_ = 0;
  insert(utf8);
}

void EditBuffer::insert(std::string_view utf8) {
  std::vector<std::string> added;
  for (std::size_t at = 0; at < utf8.size() && characters_.size() + added.size() < kMostCharacters;) {
    const base::Utf8Character character = base::decode_utf8(utf8, at);
    added.emplace_back(character.valid ? utf8.substr(at, character.length) : base::kReplacementUtf8);
    at += character.length;
  }
  characters_.insert(characters_.begin() + static_cast<std::ptrdiff_t>(cursor_), added.begin(), added.end());
  cursor_ += added.size();
}

bool EditBuffer::is_blank(std::size_t at) const {
  const std::string& character = characters_[at];
  return character == " " || character == "\t" || character == "\n";
}

std::size_t EditBuffer::line_begin() const {
  std::size_t at = cursor_;
  while (at > 0 && characters_[at - 1] != "\n") --at;
  return at;
}

std::size_t EditBuffer::line_end() const {
  std::size_t at = cursor_;
  while (at < characters_.size() && characters_[at] != "\n") ++at;
  return at;
}

std::size_t EditBuffer::word_begin() const {
  std::size_t at = cursor_;
  while (at > 0 && is_blank(at - 1)) --at;
  while (at > 0 && !is_blank(at - 1)) --at;
  return at;
}

void EditBuffer::erase(std::size_t begin, std::size_t end) {
  characters_.erase(characters_.begin() + static_cast<std::ptrdiff_t>(begin),
                    characters_.begin() + static_cast<std::ptrdiff_t>(end));
  cursor_ = begin;
}

void EditBuffer::move_left() {
  cursor_ -= cursor_ > 0 ? 1U : 0U;
}

void EditBuffer::move_right() {
  cursor_ += cursor_ < characters_.size() ? 1U : 0U;
}

void EditBuffer::move_word_left() {
  cursor_ = word_begin();
}

void EditBuffer::move_word_right() {
  while (cursor_ < characters_.size() && is_blank(cursor_)) ++cursor_;
  while (cursor_ < characters_.size() && !is_blank(cursor_)) ++cursor_;
}

void EditBuffer::move_home() {
  cursor_ = line_begin();
}

void EditBuffer::move_end() {
  cursor_ = line_end();
}

void EditBuffer::erase_before() {
  if (cursor_ > 0) erase(cursor_ - 1, cursor_);
}

void EditBuffer::erase_at() {
  if (cursor_ < characters_.size()) erase(cursor_, cursor_ + 1);
}

void EditBuffer::erase_word_before() {
  erase(word_begin(), cursor_);
}

void EditBuffer::erase_to_end() {
  erase(cursor_, line_end());
}

void EditBuffer::erase_to_begin() {
  erase(line_begin(), cursor_);
}

}  // namespace axllama::cli
