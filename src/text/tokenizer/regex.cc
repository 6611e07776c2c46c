#include "text/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <new>
#include <optional>

#include <pcre2.h>

#include "base/error.h"
#include "base/utf8.h"
#include "text/unicode/character_class.h"
#include "text/unicode/unicode_data.h"

namespace axllama::text {
namespace {

constexpr std::size_t kStackStart = std::size_t{64} << 10U;
constexpr std::size_t kStackLimit = std::size_t{16} << 20U;

struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeStack {
  void operator()(pcre2_jit_stack* stack) const { pcre2_jit_stack_free(stack); }
};

/// What a thread needs for matching: bounds of the whole match, and a stack for compiled patterns that
/// backtrack.
struct Matcher {
  std::unique_ptr<pcre2_match_data, FreeMatch> data{pcre2_match_data_create(1, nullptr)};
  std::unique_ptr<pcre2_match_context, FreeContext> context{pcre2_match_context_create(nullptr)};
  std::unique_ptr<pcre2_jit_stack, FreeStack> stack{
      pcre2_jit_stack_create(kStackStart, kStackLimit, nullptr)};

  Matcher() {
    if (!data || !context || !stack) throw std::bad_alloc();
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
  }
};

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> buffer{};
  const int length = pcre2_get_error_message(code, buffer.data(), buffer.size());
  return length < 0 ? "error " + std::to_string(code) : std::string(buffer.begin(), buffer.begin() + length);
}

/// `text` with stand-ins for the characters that PCRE2's Unicode version puts into another category; places
/// stay the same. Nothing when there are none.
std::optional<std::string> with_stand_ins(std::string_view text) {
  const CharacterClassTable classes = character_classes();
  std::optional<std::string> changed;
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<std::uint8_t>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const base::Utf8Character character = base::decode_utf8(text, at);
    if ((classes[character.code_point] & kNewer) != 0) {
      const auto found = std::upper_bound(kStandIns.begin(), kStandIns.end(), character.code_point,
                                          [](char32_t c, const StandIn& range) { return c < range.first; });
      std::string other;
      base::append_utf8(other, std::prev(found)->other);
      if (!changed) changed.emplace(text);
      changed->replace(at, character.length, other);
    }
    at += character.length;
  }
  return changed;
}

}  // namespace

struct Regex::Code {
  pcre2_code* code = nullptr;
  std::string pattern;

  ~Code() { pcre2_code_free(code); }
};

Regex::Regex(std::string_view pattern) : code_(std::make_unique<Code>()) {
  code_->pattern = pattern;
  int error = 0;
  PCRE2_SIZE offset = 0;
  // Ruby's syntax, which Oniguruma follows: ^ and $ stand at every line, backslash sequences are Unicode's.
  code_->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                              PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE, &error, &offset, nullptr);
  if (code_->code == nullptr) {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      "The regular expression \"" + code_->pattern + "\" is wrong at position " +
                          std::to_string(offset) + ": " + message_of(error) + ".");
  }
  pcre2_jit_compile(code_->code, PCRE2_JIT_COMPLETE);  // without it the interpreter does the work
}

Regex::~Regex() = default;
Regex::Regex(Regex&& other) noexcept = default;
Regex& Regex::operator=(Regex&& other) noexcept = default;

void Regex::find_all(std::string_view text, Span within, std::vector<Span>& matches) const {
  const std::string_view original = text.substr(within.begin, within.end - within.begin);
  const std::optional<std::string> changed = with_stand_ins(original);
  const std::string_view subject = changed ? std::string_view(*changed) : original;
  thread_local const Matcher matcher;
  for (std::size_t at = 0; at <= subject.size();) {
    const int found = pcre2_match(code_->code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(),
                                  at, PCRE2_NO_UTF_CHECK, matcher.data.get(), matcher.context.get());
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) {
      throw base::Error(base::ErrorCode::kResourceExhausted,
                        "The tokenizer's regular expression \"" + code_->pattern + "\" failed on a text of " +
                            std::to_string(subject.size()) + " bytes: " + message_of(found) + ".");
    }
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(matcher.data.get());
    matches.push_back({within.begin + bounds[0], within.begin + bounds[1]});
    at = bounds[1];
    if (bounds[0] == bounds[1])
      at += at < subject.size() ? std::size_t{base::decode_utf8(subject, at).length} : 1;
  }
}

}  // namespace axllama::text
