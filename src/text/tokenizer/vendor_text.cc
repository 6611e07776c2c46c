#include "text/tokenizer/vendor_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"
#include "text/tokenizer/byte_level.h"

namespace axllama::text {
namespace {

using base::ErrorCode;

constexpr std::string_view kMagic = "430 ";
constexpr std::int64_t kMostTokens = std::int64_t{1} << 24U;
constexpr std::size_t kLongestAddedToken = 1024;

enum FileType : std::int64_t { kSentencePiece = 0, kTiktoken = 1, kBert = 2, kHuggingFace = 3 };

constexpr std::array<std::string_view, 12> kVisibleTokens = {
    "<think>",         "</think>",         "<tool_call>",    "</tool_call>",
    "<tool_response>", "</tool_response>", "<|fim_prefix|>", "<|fim_middle|>",
    "<|fim_suffix|>",  "<|fim_pad|>",      "<|repo_name|>",  "<|file_sep|>"};

/// Lines of a text, with their numbers for messages.
class Lines {
 public:
  Lines(std::string_view text, std::string file) : rest_(text), file_(std::move(file)) {}

  std::string_view next(const char* wanted) {
    ++number_;
    if (rest_.empty()) fail(std::string("the file ends where ") + wanted + " should be");
    const std::size_t end = rest_.find('\n');
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  std::vector<std::int64_t> numbers(const char* wanted) {
    const std::string_view line = next(wanted);
    std::vector<std::int64_t> values;
    for (std::size_t at = line.find_first_not_of(' '); at != std::string_view::npos;
         at = line.find_first_not_of(' ', at)) {
      std::int64_t value = 0;
      const auto [end, error] = std::from_chars(line.data() + at, line.data() + line.size(), value);
      if (error != std::errc() || value < 0 || value > kMostTokens) {
        fail("\"" + std::string(line.substr(at, 20)) + "\" is not a number for " + wanted);
      }
      values.push_back(value);
      at = static_cast<std::size_t>(end - line.data());
    }
    return values;
  }

  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kInvalidArgument) const {
    throw base::Error(code, file_ + ", line " + std::to_string(number_) + ": " + what + ".");
  }

  bool finished() const { return rest_.find_first_not_of("\r\n ") == std::string_view::npos; }

 private:
  std::string_view rest_;
  std::string file_;
  std::size_t number_ = 0;
};

std::vector<TokenId> take(const std::vector<std::int64_t>& values, std::int64_t first, std::int64_t count) {
  std::vector<TokenId> ids;
  for (std::int64_t i = first; i < first + count; ++i)
    ids.push_back(static_cast<TokenId>(values[static_cast<std::size_t>(i)]));
  return ids;
}

enum class Family { kQwen2, kQwen35, kSmolLm, kLlama3 };

std::optional<Family> family_of_type(const nlohmann::json& config) {
  const auto field = config.find("tokenizer_type");
  if (field == config.end() || !field->is_string()) return std::nullopt;
  std::string name;
  for (const char c : field->get<std::string>()) {
    if (c >= 'A' && c <= 'Z') name.push_back(static_cast<char>(c - 'A' + 'a'));
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) name.push_back(c);
  }
  if (name.starts_with("qwen35")) return Family::kQwen35;
  for (const char* qwen : {"qwen", "internvl3", "fastvlm"}) {
    if (name.starts_with(qwen)) return Family::kQwen2;
  }
  if (name.starts_with("smollm3") || name.starts_with("llama3")) return Family::kLlama3;
  if (name.starts_with("smollm") || name.starts_with("smolvlm")) return Family::kSmolLm;
  return std::nullopt;
}

/// `ids` by spelling.
std::optional<Family> family_of_tokens(const TokenMap& ids) {
  const auto has = [&](std::string_view token) { return ids.find(token) != kNoToken; };
  if (has("<|im_start|>") && has("<|object_ref_start|>")) {
    constexpr std::size_t kLargestQwen3 = 200'000;  // Qwen2 to Qwen3 have 151,6xx tokens, Qwen3.5 248,0xx
    return ids.size() > kLargestQwen3 ? Family::kQwen35 : Family::kQwen2;
  }
  if (has("<|begin_of_text|>") && has("<|start_header_id|>")) return Family::kLlama3;
  if (has("<|im_start|>") && has("<gh_stars>")) return Family::kSmolLm;
  return std::nullopt;
}

void set_family(Family family, TokenizerParts& parts) {
  using Pattern = ScanPattern;
  const auto add_pattern = [&](const Pattern& pattern) {
    parts.pre_tokenizers.push_back(make_scan_splitter(pattern));
  };
  switch (family) {
    case Family::kQwen2:
      parts.normalizers.push_back(make_nfc());
      add_pattern({Pattern::Family::kCl100k, 1, false});
      break;
    case Family::kQwen35:
      parts.normalizers.push_back(make_nfc());
      add_pattern({Pattern::Family::kCl100k, 1, true});
      break;
    case Family::kSmolLm:
      parts.pre_tokenizers.push_back(make_digit_splitter(true));
      add_pattern({Pattern::Family::kGpt2});
      break;
    case Family::kLlama3:
      parts.options.ignore_merges = true;
      add_pattern({Pattern::Family::kCl100k, 3, false});
      break;
  }
}

/// Merges that the order of ids implies: any two tokens that join to a third one, the lowest id first.
void merges_from_ids(const std::vector<std::string>& bytes, const std::vector<bool>& added,
                     MergeTable& merges) {
  TokenMap ids;
  ids.reserve(bytes.size(), bytes.size() * 8);
  for (std::size_t id = 0; id < bytes.size(); ++id) {
    if (!added[id]) ids.insert(bytes[id], static_cast<TokenId>(id));
  }
  merges.reserve(bytes.size() * 2);
  for (std::size_t id = 0; id < bytes.size(); ++id) {
    const std::string_view token = bytes[id];
    if (added[id] || ids.find(token) != static_cast<TokenId>(id)) continue;
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
      const TokenId left = ids.find(token.substr(0, cut));
      const TokenId right = left == kNoToken ? kNoToken : ids.find(token.substr(cut));
      if (right != kNoToken)
        merges.set(left, right, {static_cast<std::uint32_t>(id), static_cast<TokenId>(id)});
    }
  }
}

void read_merge_lines(Lines& lines, std::int64_t count, const TokenMap& ids, MergeTable& merges) {
  merges.reserve(static_cast<std::size_t>(count));
  std::string joined;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::string_view line = lines.next("a merge");
    if (line.starts_with("#version") || line.empty()) continue;
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) lines.fail("\"" + std::string(line) + "\" is not two tokens");
    const std::string_view left = line.substr(0, space);
    const std::string_view right = line.substr(space + 1);
    joined.assign(left).append(right);
    const auto id_of = [&](std::string_view token) {
      const TokenId id = ids.find(token);
      if (id == kNoToken) lines.fail("the merge uses \"" + std::string(token) + "\", which is not a token");
      return id;
    };
    const TokenId left_id = id_of(left);
    const TokenId right_id = id_of(right);
    merges.set(left_id, right_id, {static_cast<std::uint32_t>(i), id_of(joined)});
  }
}

}  // namespace

bool is_vendor_tokenizer_text(std::string_view text) noexcept {
  return text.starts_with(kMagic);
}

TokenizerParts read_vendor_tokenizer_text(std::string_view text, const std::string& file,
                                          const nlohmann::json& config) {
  Lines lines(text, file);
  const std::vector<std::int64_t> head = lines.numbers("the magic number and the type");
  if (head.size() != 2) lines.fail("the first line has " + std::to_string(head.size()) + " numbers, not 2");
  const std::int64_t type = head[1];
  if (type != kTiktoken && type != kHuggingFace) {
    lines.fail("the vocabulary is of type " + std::to_string(type) +
                   "; types 1 (tiktoken) and 3 (Hugging Face) are supported, for others put a tokenizer.json "
                   "beside it",
               ErrorCode::kUnsupported);
  }
  const std::vector<std::int64_t> counts = lines.numbers("the counts of special tokens");
  if (counts.size() != 3) lines.fail("there are " + std::to_string(counts.size()) + " counts, not 3");
  const std::vector<std::int64_t> special = lines.numbers("the ids of special tokens");
  const std::int64_t wanted = counts[0] + counts[1] + counts[2];
  if (static_cast<std::int64_t>(special.size()) != wanted) {
    lines.fail("there are " + std::to_string(special.size()) +
               " ids of special tokens, but the line before says " + std::to_string(wanted));
  }
  const std::vector<std::int64_t> sizes = lines.numbers("the size of the vocabulary");
  if (sizes.size() != (type == kHuggingFace ? 2U : 1U) || sizes[0] == 0)
    lines.fail("this is no size of a vocabulary");
  const auto size = static_cast<std::size_t>(sizes[0]);
  for (const std::int64_t id : special) {
    if (id >= sizes[0]) {
      lines.fail("the special token " + std::to_string(id) + " is outside the vocabulary of " +
                 std::to_string(size) + " tokens");
    }
  }

  TokenizerParts parts;
  parts.source = file;
  const std::vector<TokenId> added_ids = take(special, 0, counts[0]);
  parts.eos = take(special, counts[0], counts[1]);
  parts.prefix = take(special, counts[0] + counts[1], counts[2]);
  std::vector<bool> added(size, false);
  for (const TokenId id : added_ids) added[static_cast<std::size_t>(id)] = true;

  std::vector<std::string> bytes;  // type 1
  TokenMap ids;                    // by spelling
  ids.reserve(size, size * 8);
  for (std::size_t id = 0; id < size; ++id) {
    const std::string_view line = lines.next("a token");
    std::string token(line);
    if (type == kTiktoken) {
      std::optional<std::string> decoded = base::from_base64(line);
      if (!decoded) lines.fail("\"" + std::string(line.substr(0, 40)) + "\" is not base64");
      token = added[id] ? *decoded : to_byte_level(*decoded);
      bytes.push_back(std::move(*decoded));
    }
    if (token.empty() || (added[id] && token.size() > kLongestAddedToken)) {
      lines.fail("the token " + std::to_string(id) + " has " + std::to_string(token.size()) + " bytes");
    }
    // Ids without a token are filled with "<unk>" or repeat one: the first counts.
    if (ids.insert(token, static_cast<TokenId>(id)))
      parts.vocabulary.emplace_back(token, static_cast<TokenId>(id));
    if (added[id]) {
      AddedToken entry;
      entry.special = std::find(kVisibleTokens.begin(), kVisibleTokens.end(), token) == kVisibleTokens.end();
      entry.content = std::move(token);
      entry.id = static_cast<TokenId>(id);
      parts.added_tokens.push_back(std::move(entry));
    }
  }
  if (type == kHuggingFace) {
    read_merge_lines(lines, sizes[1], ids, parts.merges);
  } else {
    merges_from_ids(bytes, added, parts.merges);
  }
  if (!lines.finished()) lines.fail("the file goes on after its last entry");

  std::optional<Family> family = family_of_type(config);
  if (!family) family = family_of_tokens(ids);
  if (!family) {
    throw base::Error(
        ErrorCode::kUnsupported,
        file +
            " does not say how text is split, and neither \"tokenizer_type\" in config.json nor its "
            "tokens tell a family that is known: put a tokenizer.json beside it.");
  }
  set_family(*family, parts);
  return parts;
}

}  // namespace axllama::text
