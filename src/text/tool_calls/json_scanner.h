#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace axllama::text {

/// Finds the end of a JSON object or array whose text arrives byte by byte, and sees at once when the text
/// can no longer become one. Raw control characters within strings are let through (models write line breaks
/// so); numbers, literals and escapes are not looked into. Used by one thread at a time.
class JsonScanner {
 public:
  enum class Result { kMore, kDone, kBroken };

  static constexpr std::size_t kMostDepth = 64;

  /// The next byte; the first one must be '{' or '['. Nothing may follow kDone or kBroken.
  Result push(char byte);

  /// The first name in the outermost object, or in the first object of the outermost array, as it is spelled
  /// between its quotes; unset until that is read.
  const std::optional<std::string>& first_key() const noexcept { return first_key_; }

 private:
  enum class Expect : std::uint8_t {
    kValue,
    kFirstValue,
    kFirstKey,
    kKey,
    kColon,
    kCommaOrEnd,
    kWord,
    kString
  };

  Result take_structure(char byte);
  Result begin_value(char byte);
  Result open(char bracket);
  Result close(char bracket);
  Result end_string();

  std::vector<char> open_;  // '{' and '[', outermost first
  Expect expect_ = Expect::kValue;
  bool string_is_key_ = false;
  bool escaped_ = false;
  std::string key_;  // of the string being read, while the first key is not known
  std::optional<std::string> first_key_;
};

/// JSON text with the raw control characters within its strings written as escapes.
std::string escape_control_characters(std::string_view json);

}  // namespace axllama::text
