#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::cli {

/// A text that is being typed, and the cursor in it.
class EditBuffer {
 public:
  static constexpr std::size_t kMostCharacters = 1024 * 1024;  // what is beyond is not taken

  /// Characters, each as UTF-8.
  const std::vector<std::string>& characters() const noexcept { return characters_; }
  std::size_t cursor() const noexcept { return cursor_; }
  bool empty() const noexcept { return characters_.empty(); }
  std::string text() const;

  void set(std::string_view utf8);  // the cursor goes to its end
  void insert(std::string_view utf8);

  void move_left();
  void move_right();
  void move_word_left();
  void move_word_right();
  void move_home();  // of the line
  void move_end();

  void erase_before();
  void erase_at();
  void erase_word_before();
  void erase_to_end();    // of the line
  void erase_to_begin();  // of the line

 private:
  bool is_blank(std::size_t at) const;
  std::size_t line_begin() const;
  std::size_t line_end() const;
  std::size_t word_begin() const;
  void erase(std::size_t begin, std::size_t end);

  std::vector<std::string> characters_;
  std::size_t cursor_ = 0;
};

}  // namespace axllama::cli
