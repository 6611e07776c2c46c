#include "cli/line_editor.h"

#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include <unistd.h>

#include "cli/edit_buffer.h"
#include "cli/edit_history.h"
#include "cli/edit_view.h"
#include "cli/environment.h"
#include "cli/interrupt.h"
#include "cli/key_reader.h"
#include "cli/raw_terminal.h"
#include "cli/terminal.h"

namespace axllama::cli {
namespace {

constexpr std::chrono::milliseconds kSequenceTime{50};  // within which the rest of a key's bytes comes
constexpr const char* kTab = "        ";

bool terminal_moves_its_cursor() {
  const char* name = std::getenv("TERM");
  return name != nullptr && *name != '\0' && std::string_view(name) != "dumb";
}

/// Lets the user's editor change `text`; as it was when that fails.
std::string edit_outside(const std::string& text) {
  std::string path = std::filesystem::temp_directory_path() / "axllama-prompt-XXXXXX.txt";
  constexpr int kEnding = 4;
  const int descriptor = ::mkstemps(path.data(), kEnding);
  if (descriptor < 0) return text;
  const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(descriptor);
  std::string edited = text;
  if (written && std::system((editor_command() + " " + path).c_str()) == 0) {
    std::ifstream file(path, std::ios::binary);
    edited.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    while (edited.ends_with('\n') || edited.ends_with('\r')) edited.pop_back();
  }
  ::unlink(path.c_str());
  return edited;
}

/// One line from a terminal that edits by itself.
LineEditor::Result read_plain(const std::string& prompt) {
  std::fputs(prompt.c_str(), stdout);
  std::fflush(stdout);
  InterruptGuard::take();
  std::string line;
  char byte = 0;
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (InterruptGuard::take()) {
      std::fputs("\n", stdout);
      return {LineEditor::Status::kInterrupted, {}};
    }
    if (count <= 0) {
      return line.empty() ? LineEditor::Result{} : LineEditor::Result{LineEditor::Status::kLine, line};
    }
    if (byte == '\n') return {LineEditor::Status::kLine, line};
    if (byte != '\r') line += byte;
  }
}

/// Looks for a line of the history while its text is typed (Ctrl+R).
struct Search {
  std::string text;
  std::size_t found;  // number of the entry that is shown
};

/// The reading of one line.
class LineReading {
 public:
  LineReading(RawTerminal& terminal, EditHistory& history, EditView::Frame frame)
      : terminal_(terminal), history_(history), frame_(std::move(frame)) {
    terminal_.enter(RawTerminal::Mode::kEditing);
  }
  ~LineReading() { terminal_.enter(RawTerminal::Mode::kWaiting); }
  LineReading(const LineReading&) = delete;
  LineReading& operator=(const LineReading&) = delete;

  LineEditor::Result run() {
    draw();
    while (!result_) {
      const std::optional<Key> key = next_key();
      if (!key) return {};
      take(*key);
      if (!result_) draw();
    }
    return *result_;
  }

 private:
  using Kind = Key::Kind;

  std::optional<Key> next_key() {
    while (true) {
      char byte = 0;
      const auto timeout = keys_.undecided() ? std::optional(kSequenceTime) : std::nullopt;
      switch (terminal_.read(byte, timeout)) {
        case RawTerminal::Input::kEnd:
          return std::nullopt;
        case RawTerminal::Input::kTimeout:
          return keys_.flush();
        case RawTerminal::Input::kByte:
          if (const auto key = keys_.push(byte)) return key;
      }
    }
  }

  EditView::Frame frame() {
    EditView::Frame shown = frame_;
    shown.width = terminal_width();
    if (search_) shown.prompt = "(search '" + search_->text + "') ";
    if (search_) shown.placeholder.clear();
    return shown;
  }
  void draw() { RawTerminal::write(view_.draw(frame(), buffer_)); }
  void leave() { RawTerminal::write(view_.leave(frame(), buffer_)); }

  void end(LineEditor::Status status) {
    leave();
    history_.leave();
    result_ =
        LineEditor::Result{status, status == LineEditor::Status::kLine ? buffer_.text() : std::string()};
  }

  void take(const Key& key) {
    if (search_ && take_search(key)) return;
    search_.reset();
    switch (key.kind) {
      case Kind::kText:
        return buffer_.insert(key.text);
      case Kind::kTab:
        return buffer_.insert(kTab);
      case Kind::kNewline:
        return buffer_.insert("\n");
      case Kind::kEnter:
        return end(LineEditor::Status::kLine);
      case Kind::kBackspace:
        return buffer_.erase_before();
      case Kind::kDelete:
        return buffer_.erase_at();
      case Kind::kLeft:
        return buffer_.move_left();
      case Kind::kRight:
        return buffer_.move_right();
      case Kind::kWordLeft:
        return buffer_.move_word_left();
      case Kind::kWordRight:
        return buffer_.move_word_right();
      case Kind::kHome:
        return buffer_.move_home();
      case Kind::kEnd:
        return buffer_.move_end();
      case Kind::kUp:
        return show(history_.older(buffer_.text()));
      case Kind::kDown:
        return show(history_.newer());
      case Kind::kControl:
        return take_control(key.text.front());
      case Kind::kAlt:
        return take_alt(key.text.front());
      case Kind::kEscape:
      case Kind::kUnknown:
        break;
    }
  }

  void take_alt(char letter) {
    if (letter == 'b') buffer_.move_word_left();
    if (letter == 'f') buffer_.move_word_right();
    if (letter == '\r' || letter == '\n') buffer_.insert("\n");
  }

  void take_control(char letter) {
    switch (letter) {
      case 'a':
        return buffer_.move_home();
      case 'b':
        return buffer_.move_left();
      case 'c':
        return end(LineEditor::Status::kInterrupted);
      case 'd':
        return buffer_.empty() ? end(LineEditor::Status::kEnd) : buffer_.erase_at();
      case 'e':
        return buffer_.move_end();
      case 'f':
        return buffer_.move_right();
      case 'g':
        return edit();
      case 'k':
        return buffer_.erase_to_end();
      case 'l':
        RawTerminal::write("\x1b[H\x1b[2J");
        return view_.reset();
      case 'n':
        return show(history_.newer());
      case 'p':
        return show(history_.older(buffer_.text()));
      case 'r':
        search_ = Search{{}, history_.size()};
        return;
      case 'u':
        return buffer_.erase_to_begin();
      case 'w':
        return buffer_.erase_word_before();
      case 'z':
        return suspend();
      default:
        return;
    }
  }

  /// False: the search is over and the key is an ordinary one.
  bool take_search(const Key& key) {
    if (key.kind == Kind::kText) {
      search_->text += key.text;
      find(history_.size());
      return true;
    }
    if (key.kind == Kind::kBackspace) {
      EditBuffer typed;
      typed.set(search_->text);
      typed.erase_before();
      search_->text = typed.text();
      find(history_.size());
      return true;
    }
    if (key == Key{Kind::kControl, "r"}) {
      find(search_->found);
      return true;
    }
    return false;
  }
  void find(std::size_t before) {
    if (search_->text.empty()) return;
    if (const auto found = history_.find(search_->text, before)) {
      search_->found = *found;
      buffer_.set(history_.entry(*found));
    }
  }

  void show(const std::optional<std::string>& entry) {
    if (entry) buffer_.set(*entry);
  }

  void edit() {
    leave();
    terminal_.leave();
    const std::string edited = edit_outside(buffer_.text());
    terminal_.enter(RawTerminal::Mode::kEditing);
    buffer_.set(edited);
  }

  void suspend() {
    leave();
    terminal_.leave();
    ::raise(SIGTSTP);
    terminal_.enter(RawTerminal::Mode::kEditing);
  }

  RawTerminal& terminal_;
  EditHistory& history_;
  EditView::Frame frame_;
  KeyReader keys_;
  EditView view_;
  EditBuffer buffer_;
  std::optional<Search> search_;
  std::optional<LineEditor::Result> result_;
};

}  // namespace

struct LineEditor::Impl {
  explicit Impl(std::filesystem::path history_file) : history(std::move(history_file)) {
    if (terminal_moves_its_cursor()) terminal.emplace();
  }

  EditHistory history;
  std::optional<RawTerminal> terminal;  // none: the terminal edits by itself
};

LineEditor::LineEditor(std::filesystem::path history_file)
    : impl_(std::make_unique<Impl>(std::move(history_file))) {
  std::setlocale(LC_CTYPE, "");
}

LineEditor::~LineEditor() = default;

LineEditor::Result LineEditor::read(const std::string& prompt, const std::string& continuation,
                                    const std::string& placeholder) {
  if (!impl_->terminal) return read_plain(prompt);
  std::fflush(stdout);
  EditView::Frame frame{.prompt = prompt, .continuation = continuation};
  if (shows_placeholder()) frame.placeholder = placeholder;
  return LineReading(*impl_->terminal, impl_->history, std::move(frame)).run();
}

bool LineEditor::shows_placeholder() const {
  return impl_->terminal.has_value() && colours_allowed();
}

void LineEditor::remember(const std::string& entry) {
  impl_->history.add(entry);
}

std::filesystem::path default_history_file() {
  const char* home = std::getenv("HOME");
  if (switch_setting("NOHISTORY") || home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".ollama" / "history";
}

std::string editor_command() {
  if (std::string own = setting("EDITOR"); !own.empty()) return own;
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "vi";
}

}  // namespace axllama::cli
