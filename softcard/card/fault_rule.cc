#include "softcard/card/fault_rule.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "softcard/card/settings.h"

namespace axllama::softcard {

namespace {

struct KindEntry {
  FaultKind kind;
  std::string_view name;
  FaultPoint point;
};

constexpr std::array kKinds = {
    KindEntry{FaultKind::kNoCard, "no_card", FaultPoint::kInit},
    KindEntry{FaultKind::kHiddenCard, "hidden_card", FaultPoint::kList},
    KindEntry{FaultKind::kMallocError, "malloc_error", FaultPoint::kMalloc},
    KindEntry{FaultKind::kLoadError, "load_error", FaultPoint::kLoad},
    KindEntry{FaultKind::kOutOfMemory, "out_of_memory", FaultPoint::kLoad},
    KindEntry{FaultKind::kLoadHang, "load_hang", FaultPoint::kLoad},
    KindEntry{FaultKind::kCopyError, "copy_error", FaultPoint::kCopy},
    KindEntry{FaultKind::kExecuteError, "execute_error", FaultPoint::kExecute},
    KindEntry{FaultKind::kHang, "hang", FaultPoint::kExecute},
    KindEntry{FaultKind::kSlowExecute, "slow_execute", FaultPoint::kExecute},
    KindEntry{FaultKind::kOffline, "offline", FaultPoint::kExecute},
    KindEntry{FaultKind::kCorrupt, "corrupt", FaultPoint::kExecute},
    KindEntry{FaultKind::kSubmitError, "submit_error", FaultPoint::kSubmit},
    KindEntry{FaultKind::kLostWork, "lost_work", FaultPoint::kSubmit},
    KindEntry{FaultKind::kReorderedWork, "reordered_work", FaultPoint::kSubmit},
    KindEntry{FaultKind::kLateWork, "late_work", FaultPoint::kSubmit},
    KindEntry{FaultKind::kPropertiesError, "properties_error", FaultPoint::kProperties},
};

const KindEntry& entry(FaultKind kind) {
  return *std::find_if(kKinds.begin(), kKinds.end(), [&](const KindEntry& e) { return e.kind == kind; });
}

template <typename Value, std::size_t count>
Value pick(const std::string& text, const std::array<std::pair<std::string_view, Value>, count>& choices,
           const char* field) {
  std::string names;
  for (const auto& [name, value] : choices) {
    if (name == text) {
      return value;
    }
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  throw SettingsError(std::string("A fault's \"") + field + "\" is \"" + text + "\"; it must be one of " +
                      names + ".");
}

FaultKind parse_kind(const std::string& text) {
  std::array<std::pair<std::string_view, FaultKind>, kKinds.size()> choices;
  std::transform(kKinds.begin(), kKinds.end(), choices.begin(),
                 [](const KindEntry& e) { return std::pair(e.name, e.kind); });
  return pick(text, choices, "kind");
}

/// Numbers as JSON has them, everything else as a text.
nlohmann::json parse_word(const std::string& word) {
  const auto number = nlohmann::json::parse(word, nullptr, false);
  return number.is_number() ? number : nlohmann::json(word);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::int32_t parse_error_code(const nlohmann::json& value) {
  if (value.is_number_integer()) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(value.get<std::int64_t>()));
  }
  const auto text = value.get<std::string>();
  std::uint32_t bits = 0;
  const std::string_view digits = text.starts_with("0x") ? std::string_view(text).substr(2) : "";
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) {
    throw SettingsError("An error code is \"" + text +
                        "\"; it must be a number or a text such as \"0x80300181\".");
  }
  return static_cast<std::int32_t>(bits);
}

FaultPoint FaultRule::point() const noexcept {
  return entry(kind).point;
}
std::string_view FaultRule::name() const noexcept {
  return entry(kind).name;
}

FaultRule parse_fault(const nlohmann::json& object) {
  using namespace std::string_view_literals;
  if (!object.is_object() || !object.contains("kind")) {
    throw SettingsError("A fault must be an object with a \"kind\", not " + object.dump() + ".");
  }
  FaultRule rule;
  rule.kind = parse_kind(object.at("kind").get<std::string>());
  rule.times = object.contains("at") ? 1 : 0;  // "at" alone means that one call
  for (const auto& [key, value] : object.items()) {
    if (key == "kind") {
      continue;
    }
    if (key == "device") {
      rule.device = value.get<std::int32_t>();
    } else if (key == "model") {
      rule.model = value.get<std::string>();
    } else if (key == "tensor") {
      rule.tensor = value.get<std::string>();
    } else if (key == "at") {
      rule.at = value.get<std::uint64_t>();
    } else if (key == "times") {
      rule.times = value.get<std::uint64_t>();
    } else if (key == "probability") {
      rule.probability = value.get<double>();
    } else if (key == "seed") {
      rule.seed = value.get<std::uint64_t>();
    } else if (key == "code") {
      rule.code = parse_error_code(value);
    } else if (key == "ms") {
      rule.ms = value.get<std::uint32_t>();
    } else if (key == "recovery") {
      rule.recovery =
          pick(value.get<std::string>(),
               std::array{std::pair("reset"sv, Recovery::kReset), std::pair("reboot"sv, Recovery::kReboot),
                          std::pair("never"sv, Recovery::kNever)},
               "recovery");
    } else if (key == "corruption") {
      rule.corruption = pick(
          value.get<std::string>(),
          std::array{std::pair("noise"sv, Corruption::kNoise), std::pair("nan"sv, Corruption::kNan),
                     std::pair("zero"sv, Corruption::kZero), std::pair("rounding"sv, Corruption::kRounding)},
          "corruption");
    } else {
      throw SettingsError("A fault has an unknown field \"" + key + "\".");
    }
  }
  if (rule.at == 0) {
    throw SettingsError("A fault's \"at\" is 0; calls are counted from 1.");
  }
  if (rule.probability < 0 || rule.probability > 1) {
    throw SettingsError("A fault's \"probability\" is " + std::to_string(rule.probability) +
                        "; it must be from 0 to 1.");
  }
  return rule;
}

std::vector<FaultRule> parse_fault_list(std::string_view text) {
  std::vector<FaultRule> rules;
  for (const std::string& part : split(text, ';')) {
    if (part.empty()) {
      continue;
    }
    const auto colon = part.find(':');
    nlohmann::json object = {{"kind", part.substr(0, colon)}};
    if (colon != std::string::npos) {
      for (const std::string& field : split(std::string_view(part).substr(colon + 1), ',')) {
        const auto equals = field.find('=');
        if (equals == std::string::npos) {
          throw SettingsError("AXLLAMA_SOFTCARD_FAULTS has \"" + field +
                              "\" where a field=value is expected.");
        }
        object[field.substr(0, equals)] = parse_word(field.substr(equals + 1));
      }
    }
    try {
      rules.push_back(parse_fault(object));
    } catch (const nlohmann::json::exception& error) {
      throw SettingsError("AXLLAMA_SOFTCARD_FAULTS has \"" + part +
                          "\", which does not fit: " + error.what());
    }
  }
  return rules;
}

bool matches(std::string_view pattern, std::string_view name) noexcept {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n]) && pattern[p] != '*') {
      ++p;
      ++n;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace axllama::softcard
