#include "cli/answer_printer.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/duration.h"

namespace axllama::cli {
namespace {

constexpr const char* kGrey = "\x1b[38;5;245m";
constexpr const char* kPlain = "\x1b[0m";
constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1) / 2;

std::string text_of(const nlohmann::ordered_json& record, const char* in_message, const char* at_top) {
  if (const auto message = record.find("message"); message != record.end()) {
    return message->value(in_message, "");
  }
  return record.value(at_top, "");
}

std::string rate(std::int64_t tokens, std::int64_t nanoseconds) {
  std::array<char, 48> text{};
  const double seconds = static_cast<double>(nanoseconds) / 1e9;
  std::snprintf(text.data(), text.size(), "%.2f tokens/s",
                seconds > 0 ? static_cast<double>(tokens) / seconds : 0.0);
  return text.data();
}

}  // namespace

AnswerPrinter::AnswerPrinter(Options options)
    : options_(options),
      colours_(colours_allowed()),
      wrap_(options.word_wrap && stdout_is_terminal() ? terminal_width() : kUnlimited) {}

void AnswerPrinter::record(const nlohmann::ordered_json& record) {
  if (const std::string text = text_of(record, "thinking", "thinking"); !text.empty()) thinking(text);
  if (const std::string text = text_of(record, "content", "response"); !text.empty()) answer(text);
  if (record.value("done", false)) last_ = record;
}

void AnswerPrinter::thinking(const std::string& text) {
  if (options_.hide_thinking) return;
  if (!in_thinking_) {
    in_thinking_ = true;
    print(std::string(colours_ ? kGrey : "") + "Thinking...\n");
  }
  print(wrap_.push(text));
}

void AnswerPrinter::answer(const std::string& text) {
  end_thinking();
  content_ += text;
  print(wrap_.push(text));
}

void AnswerPrinter::end_thinking() {
  if (!std::exchange(in_thinking_, false)) return;
  print(std::string("\n...done thinking.\n\n") + (colours_ ? kPlain : ""));
  wrap_.push("\n");
}

void AnswerPrinter::print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void AnswerPrinter::finish() {
  end_thinking();
  print("\n");
  if (options_.verbose && !last_.is_null()) std::fputs(format_statistics(last_).c_str(), stderr);
}

std::string format_statistics(const nlohmann::ordered_json& final_record) {
  std::string out = "\n";
  const auto line = [&out](std::string label, const std::string& value) {
    constexpr std::size_t kLabelColumns = 22;
    label.resize(kLabelColumns, ' ');
    out += label + value + "\n";
  };
  const auto number = [&final_record](const char* key) { return final_record.value(key, std::int64_t{0}); };
  const auto span = [&number](const char* key) {
    return base::format_duration(std::chrono::nanoseconds(number(key)));
  };
  line("total duration:", span("total_duration"));
  line("load duration:", span("load_duration"));
  line("prompt eval count:", std::to_string(number("prompt_eval_count")) + " token(s)");
  line("prompt eval duration:", span("prompt_eval_duration"));
  line("prompt eval rate:", rate(number("prompt_eval_count"), number("prompt_eval_duration")));
  line("eval count:", std::to_string(number("eval_count")) + " token(s)");
  if (number("eval_draft_count") > 0) {
    line("draft count:", std::to_string(number("eval_draft_count")) + " token(s), " +
                             std::to_string(number("eval_draft_accepted_count")) + " came true");
  }
  line("eval duration:", span("eval_duration"));
  line("eval rate:", rate(number("eval_count"), number("eval_duration")));
  return out;
}

}  // namespace axllama::cli
