#include "text/jinja/globals.h"

#include <array>
#include <ctime>

#include <locale.h>

#include "text/jinja/arguments.h"
#include "text/jinja/error.h"
#include "text/jinja/helpers.h"
#include "text/jinja/iteration.h"
#include "text/jinja/merge.h"
#include "text/jinja/text_form.h"

namespace axllama::text::jinja {
namespace {

constexpr std::int64_t kMaxRangeItems = 100'000;
constexpr std::int64_t kMaxRangeEnd = std::int64_t{1} << 53U;
constexpr std::size_t kMaxTimeText = 10'000;

Value range(Runtime& runtime, const Value& /*self*/, const Arguments& arguments) {
  const BoundArguments bound("range", arguments, {"start", "stop", "step"}, 1);
  const std::int64_t first = expect_integer(bound.at(0));
  const std::int64_t start = bound.has(1) ? first : 0;
  const std::int64_t stop = bound.has(1) ? expect_integer(bound.at(1)) : first;
  const std::int64_t step = bound.integer(2, 1);
  if (step == 0) {
    fail("the step of range() cannot be zero");
  }
  for (const std::int64_t end : {start, stop, step}) {
    if (end > kMaxRangeEnd || end < -kMaxRangeEnd) {
      fail("range() is limited to numbers up to 2^53, and " + std::to_string(end) + " is beyond");
    }
  }
  auto* object = runtime.make<Range>(start, stop, step);
  if (object->size() > kMaxRangeItems) {
    fail("range() is limited to " + std::to_string(kMaxRangeItems) + " items, not " +
         std::to_string(object->size()));
  }
  return Value(object);
}

Value make_dict(Runtime& runtime, const Value& /*self*/, const Arguments& arguments) {
  Dict* result = runtime.dict();
  merge_into(*result, arguments, "dict", runtime);
  return Value(result);
}

Value make_namespace(Runtime& runtime, const Value& /*self*/, const Arguments& arguments) {
  auto* result = runtime.make<Namespace>();
  merge_into(result->attributes, arguments, "namespace", runtime);
  return Value(result);
}

Value cycler(Runtime& runtime, const Value& /*self*/, const Arguments& arguments) {
  if (arguments.positional.empty() || !arguments.named.empty()) {
    fail("cycler() needs at least one value and no names");
  }
  return Value(runtime.make<Cycler>(arguments.positional));
}

Value joiner(Runtime& runtime, const Value& /*self*/, const Arguments& arguments) {
  const BoundArguments bound("joiner", arguments, {"sep"}, 0);
  return Value(runtime.make<Joiner>(bound.has(0) ? bound.at(0) : runtime.text(", ")));
}

Value raise_exception(Runtime& runtime, const Value& /*self*/, const Arguments& arguments) {
  const BoundArguments bound("raise_exception", arguments, {"message"}, 1);
  throw Failure(ErrorKind::kRaised, to_text(bound.at(0), runtime));
}

/// Python's own directives, done before the C library sees the format: %f microseconds, %z and %Z nothing.
std::string resolve_python_directives(const std::string& format, std::int64_t microseconds) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    const char directive = format[++i];
    if (directive == 'f') {
      const std::string digits = std::to_string(microseconds);
      out += std::string(6 - digits.size(), '0') + digits;
    } else if (directive != 'z' && directive != 'Z') {
      out += '%';
      out += directive;
    }
  }
  return out;
}

/// Local time in English, whatever the process's locale.
std::string format_time(const std::string& format, std::chrono::system_clock::time_point now) {
  using std::chrono::duration_cast;
  const auto since_epoch = now.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto microseconds = duration_cast<std::chrono::microseconds>(since_epoch - seconds).count();
  const std::time_t time = seconds.count();
  std::tm local{};
  localtime_r(&time, &local);
  // A mark at the end tells an empty result from one that does not fit.
  const std::string pattern = resolve_python_directives(format, microseconds) + "|";
  static const locale_t kEnglish = newlocale(LC_ALL_MASK, "C", nullptr);
  std::string out(kMaxTimeText, '\0');
  const std::size_t size = strftime_l(out.data(), out.size(), pattern.c_str(), &local, kEnglish);
  if (size == 0) {
    fail("the result of strftime_now() is longer than " + std::to_string(kMaxTimeText) + " bytes");
  }
  out.resize(size - 1);
  return out;
}

Value strftime_now(Runtime& runtime, const Value& /*self*/, const Arguments& arguments) {
  const BoundArguments bound("strftime_now", arguments, {"format"}, 1);
  const auto now = runtime.options().now.value_or(std::chrono::system_clock::now());
  return runtime.text(format_time(expect_text(bound.at(0), "the format of strftime_now()"), now));
}

Value cycler_next(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("next", arguments, {}, 0);
  auto& cycler = self.as<Cycler>();
  const Value current = cycler.items[cycler.position];
  cycler.position = (cycler.position + 1) % cycler.items.size();
  return current;
}

Value cycler_reset(Runtime& /*runtime*/, const Value& self, const Arguments& arguments) {
  const BoundArguments bound("reset", arguments, {}, 0);
  self.as<Cycler>().position = 0;
  return Value::none();
}

template <std::size_t N>
const Method* find_in(const std::array<Method, N>& methods, std::string_view name) noexcept {
  for (const Method& method : methods) {
    if (method.name == name) {
      return &method;
    }
  }
  return nullptr;
}

}  // namespace

const Method* find_global(std::string_view name) noexcept {
  static constexpr std::array<Method, 7> kGlobals = {{{"range", range},
                                                      {"dict", make_dict},
                                                      {"namespace", make_namespace},
                                                      {"cycler", cycler},
                                                      {"joiner", joiner},
                                                      {"raise_exception", raise_exception},
                                                      {"strftime_now", strftime_now}}};
  return find_in(kGlobals, name);
}

const Method* find_cycler_method(std::string_view name) noexcept {
  static constexpr std::array<Method, 2> kMethods = {{{"next", cycler_next}, {"reset", cycler_reset}}};
  return find_in(kMethods, name);
}

}  // namespace axllama::text::jinja
