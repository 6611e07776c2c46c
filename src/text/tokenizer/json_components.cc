#include "text/tokenizer/json_components.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace axllama::text {
namespace {

using base::ErrorCode;
using nlohmann::json;

/// Calls `visit` with each step, whether `fields` is one step or a Sequence whose list is called `list`.
template <typename Visit>
void for_each_step(const JsonFields& fields, const char* list, const Visit& visit) {
  if (fields.string("type") != "Sequence") {
    visit(fields);
    return;
  }
  const json& steps = fields.at(list);
  if (!steps.is_array()) fields.fail(ErrorCode::kInvalidArgument, "has no list of " + std::string(list));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string path = fields.path() + "." + list + "[" + std::to_string(i) + "]";
    for_each_step(JsonFields(steps[i], fields.file(), path), list, visit);
  }
}

/// The field "pattern": {"String": text} or {"Regex": text}.
struct Pattern {
  std::string text;
  bool is_regex;
};

Pattern read_pattern(const JsonFields& fields) {
  const JsonFields pattern = fields.object("pattern");
  if (pattern.has("Regex")) return {pattern.string("Regex"), true};
  return {pattern.string("String"), false};
}

Regex compile(const Pattern& pattern, const JsonFields& fields) {
  try {
    return Regex(pattern.text);
  } catch (const base::Error& error) {
    throw base::Error(error.code(), fields.file() + ": " + fields.path() + ".pattern: " + error.message(),
                      error.detail());
  }
}

SplitBehavior read_behavior(const JsonFields& fields) {
  const std::string name = fields.string("behavior");
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  fields.unsupported("behavior");
}

std::unique_ptr<PreTokenizer> read_split(const JsonFields& fields) {
  Pattern pattern = read_pattern(fields);
  const SplitBehavior behavior = read_behavior(fields);
  const bool invert = fields.boolean("invert", false);
  if (!pattern.is_regex) {
    if (pattern.text.empty()) fields.fail(ErrorCode::kInvalidArgument, "has an empty pattern");
    return make_string_splitter(std::move(pattern.text), behavior, invert);
  }
  // A known pattern covers all of the text, so each match is a piece; what lies between matches is empty.
  if (const std::optional<ScanPattern> known = known_scan_pattern(pattern.text)) {
    const bool matches_are_pieces =
        (behavior == SplitBehavior::kIsolated) || (behavior == SplitBehavior::kRemoved && invert);
    if (matches_are_pieces) return make_scan_splitter(*known);
  }
  return make_regex_splitter(compile(pattern, fields), behavior, invert);
}

std::string read_sign(const JsonFields& fields) {
  std::string sign = fields.string("replacement");
  if (sign.empty()) fields.fail(ErrorCode::kInvalidArgument, "has an empty replacement");
  return sign;
}

PrependScheme read_prepend_scheme(const JsonFields& fields) {
  if (!fields.has("prepend_scheme")) {  // older files
    return fields.boolean("add_prefix_space", true) ? PrependScheme::kAlways : PrependScheme::kNever;
  }
  const std::string name = fields.string("prepend_scheme");
  if (name == "never") return PrependScheme::kNever;
  if (name == "first") return PrependScheme::kFirst;
  if (name == "always") return PrependScheme::kAlways;
  fields.unsupported("prepend_scheme");
}

void read_decoder_step(const JsonFields& step, TokenizerParts& parts, bool& fused) {
  const std::string type = step.string("type");
  if (type == "Replace") {
    Pattern pattern = read_pattern(step);
    if (pattern.is_regex) step.unsupported("pattern");
    parts.decoder_replacements.emplace_back(std::move(pattern.text), step.string("content"));
  } else if (type == "ByteFallback") {
    parts.decoder.byte_fallback = true;
  } else if (type == "Fuse") {
    fused = true;
  } else if (type == "Strip" && fused) {
    if (step.integer("stop") != 0) step.unsupported("stop");
    const std::int64_t start = step.integer("start");
    if (start < 0 || start > 1024) step.unsupported("start");
    parts.decoder.strip = step.string("content");
    parts.decoder.strip_count = static_cast<int>(start);
  } else if (type == "Metaspace") {
    parts.decoder.metaspace = read_sign(step);
    parts.decoder.metaspace_drops_first = read_prepend_scheme(step) != PrependScheme::kNever;
  } else {
    step.unsupported("type");
  }
}

/// The ids of the special token that a template item names.
void append_template_ids(const JsonFields& special_tokens, const std::string& name,
                         std::vector<TokenId>& ids) {
  const json& list = special_tokens.object(name.c_str()).at("ids");
  if (!list.is_array())
    special_tokens.fail(ErrorCode::kInvalidArgument, "has no list of ids for \"" + name + "\"");
  for (const json& id : list) {
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > INT32_MAX) {
      special_tokens.fail(ErrorCode::kInvalidArgument, "has the id " + id.dump() + " for \"" + name + "\"");
    }
    ids.push_back(id.get<TokenId>());
  }
}

void read_template(const JsonFields& step, TokenizerParts& parts) {
  const json& items = step.at("single");
  if (!items.is_array()) step.fail(ErrorCode::kInvalidArgument, "has no list \"single\"");
  std::vector<TokenId> prefix;
  std::vector<TokenId> suffix;
  bool after_sequence = false;
  for (const json& item : items) {
    if (item.contains("Sequence")) {
      if (after_sequence)
        step.fail(ErrorCode::kUnsupported, "has a template with two sequences, which is not supported");
      after_sequence = true;
      continue;
    }
    const JsonFields special(item, step.file(), step.path() + ".single");
    append_template_ids(step.object("special_tokens"), special.object("SpecialToken").string("id"),
                        after_sequence ? suffix : prefix);
  }
  // Of several templates, each one puts its tokens around what the one before has made.
  parts.prefix.insert(parts.prefix.begin(), prefix.begin(), prefix.end());
  parts.suffix.insert(parts.suffix.end(), suffix.begin(), suffix.end());
}

}  // namespace

void read_normalizer(const JsonFields& fields, std::vector<std::unique_ptr<Normalizer>>& steps) {
  for_each_step(fields, "normalizers", [&](const JsonFields& step) {
    const std::string type = step.string("type");
    if (type == "NFC") {
      steps.push_back(make_nfc());
    } else if (type == "NFD") {
      steps.push_back(make_nfd());
    } else if (type == "Prepend") {
      steps.push_back(make_prepend(step.string("prepend")));
    } else if (type == "Replace") {
      Pattern pattern = read_pattern(step);
      steps.push_back(pattern.is_regex ? make_regex_replace(compile(pattern, step), step.string("content"))
                                       : make_replace(std::move(pattern.text), step.string("content")));
    } else {
      step.unsupported("type");
    }
  });
}

bool read_pre_tokenizer(const JsonFields& fields, std::vector<std::unique_ptr<PreTokenizer>>& steps) {
  bool byte_level = false;
  for_each_step(fields, "pretokenizers", [&](const JsonFields& step) {
    if (byte_level) {
      step.fail(ErrorCode::kUnsupported, "comes after ByteLevel, which is only supported as the last step");
    }
    const std::string type = step.string("type");
    if (type == "ByteLevel") {
      byte_level = true;
      if (step.boolean("add_prefix_space", true)) steps.push_back(make_prefix_space());
      if (step.boolean("use_regex", true)) steps.push_back(make_scan_splitter({ScanPattern::Family::kGpt2}));
    } else if (type == "Split") {
      steps.push_back(read_split(step));
    } else if (type == "Digits") {
      steps.push_back(make_digit_splitter(step.boolean("individual_digits", false)));
    } else if (type == "Metaspace") {
      steps.push_back(
          make_metaspace(read_sign(step), read_prepend_scheme(step), step.boolean("split", true)));
    } else {
      step.unsupported("type");
    }
  });
  return byte_level;
}

void read_decoder(const JsonFields& fields, TokenizerParts& parts) {
  bool fused = false;
  bool byte_level = false;
  std::size_t count = 0;
  for_each_step(fields, "decoders", [&](const JsonFields& step) {
    ++count;
    if (step.string("type") == "ByteLevel") {
      byte_level = true;
    } else {
      read_decoder_step(step, parts, fused);
    }
  });
  if (byte_level && count > 1) {
    fields.fail(ErrorCode::kUnsupported, "mixes ByteLevel with other steps, which is not supported");
  }
  parts.decoder.byte_level = byte_level;
}

void read_post_processor(const JsonFields& fields, TokenizerParts& parts) {
  for_each_step(fields, "processors", [&](const JsonFields& step) {
    const std::string type = step.string("type");
    if (type == "TemplateProcessing") {
      read_template(step, parts);
    } else if (type != "ByteLevel") {
      step.unsupported("type");
    }
  });
}

}  // namespace axllama::text
