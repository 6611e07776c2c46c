#include "cli/line_editor.h"

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <histedit.h>
#include <sys/stat.h>

#include "cli/environment.h"
#include "cli/interrupt.h"

namespace axllama::cli {
namespace {

constexpr int kHistoryEntries = 100;
constexpr mode_t kPrivateFile = S_IRUSR | S_IWUSR;

}  // namespace

struct LineEditor::Impl {
  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event{};
  std::string prompt;
  std::filesystem::path history_file;

  static char* show_prompt(EditLine* editor) {
    Impl* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return self->prompt.data();
  }
};

LineEditor::LineEditor(std::filesystem::path history_file) : impl_(std::make_unique<Impl>()) {
  std::setlocale(LC_CTYPE, "");
  impl_->history_file = std::move(history_file);
  impl_->editor = el_init("axllama", stdin, stdout, stderr);
  impl_->history = history_init();
  history(impl_->history, &impl_->event, H_SETSIZE, kHistoryEntries);
  history(impl_->history, &impl_->event, H_SETUNIQUE, 1);
  if (!impl_->history_file.empty()) {
    history(impl_->history, &impl_->event, H_LOAD, impl_->history_file.c_str());
  }
  el_set(impl_->editor, EL_CLIENTDATA, impl_.get());
  el_set(impl_->editor, EL_PROMPT, &Impl::show_prompt);
  el_set(impl_->editor, EL_EDITOR, "emacs");
  el_set(impl_->editor, EL_HIST, history, impl_->history);
  el_set(impl_->editor, EL_SIGNAL, 0);
  el_set(impl_->editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineEditor::~LineEditor() {
  if (!impl_->history_file.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(impl_->history_file.parent_path(), ignored);
    if (history(impl_->history, &impl_->event, H_SAVE, impl_->history_file.c_str()) >= 0) {
      ::chmod(impl_->history_file.c_str(), kPrivateFile);
    }
  }
  history_end(impl_->history);
  el_end(impl_->editor);
}

LineEditor::Result LineEditor::read(const std::string& prompt) {
  impl_->prompt = prompt;
  InterruptGuard::take();
  int length = 0;
  const char* text = el_gets(impl_->editor, &length);
  if (InterruptGuard::take()) {
    el_reset(impl_->editor);
    return {Status::kInterrupted, {}};
  }
  if (text == nullptr || length <= 0) return {Status::kEnd, {}};
  std::string line(text, static_cast<std::size_t>(length));
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
  return {Status::kLine, std::move(line)};
}

void LineEditor::remember(const std::string& entry) {
  history(impl_->history, &impl_->event, H_ENTER, entry.c_str());
}

std::filesystem::path default_history_file() {
  const char* home = std::getenv("HOME");
  if (switch_setting("NOHISTORY") || home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".ollama" / "history";
}

}  // namespace axllama::cli
