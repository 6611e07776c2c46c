#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include <termios.h>

namespace axllama::cli {

/// Takes keys from the terminal as they are pressed, unechoed, as long as it lives; what is pasted comes in
/// brackets. What is typed while nobody reads waits.
class RawTerminal {
 public:
  enum class Mode {
    kEditing,  // every key is read
    kWaiting,  // Ctrl-C interrupts the program
  };

  RawTerminal() { enter(Mode::kWaiting); }
  ~RawTerminal() { leave(); }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  void enter(Mode mode);
  /// The terminal is as it was before.
  void leave();

  enum class Input { kByte, kTimeout, kEnd };
  /// Waits for a byte, without a timeout for ever.
  Input read(char& byte, std::optional<std::chrono::milliseconds> timeout);

  static void write(std::string_view bytes);

 private:
  termios saved_{};
  bool entered_ = false;
};

}  // namespace axllama::cli
