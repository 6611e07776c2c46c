#include "text/tokenizer/json_file.h"

#include <cstddef>
#include <memory>
#include <system_error>

#include "base/error.h"
#include "base/mapped_file.h"

namespace axllama::text {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 64;  // nesting no tokenizer.json comes near

[[noreturn]] void fail(const std::string& message) {
  throw base::Error(base::ErrorCode::kInvalidArgument, message);
}

/// Builds the tree from parser events, but for model.vocab and model.merges.
class Reader final : public nlohmann::json_sax<json> {
 public:
  Reader(TokenizerJson& result, const std::string& file) : result_(result), file_(file) {}

  bool null() override { return value(nullptr); }
  bool boolean(bool v) override { return value(v); }
  bool number_integer(number_integer_t v) override { return part_ == kVocabulary ? entry(v) : value(v); }
  bool number_unsigned(number_unsigned_t v) override {
    return part_ == kVocabulary && v <= INT64_MAX ? entry(static_cast<std::int64_t>(v)) : value(v);
  }
  bool number_float(number_float_t v, const string_t& /*text*/) override { return value(v); }
  bool binary(binary_t& v) override { return value(std::move(v)); }

  bool string(string_t& text) override {
    switch (part_) {
      case kMerges:
        return merge_line(text);
      case kMergePair:
        pair_.push_back(std::move(text));
        return true;
      default:
        return value(std::move(text));
    }
  }

  bool key(string_t& text) override {
    key_ = std::move(text);
    return true;
  }

  bool start_object(std::size_t /*size*/) override {
    if (part_ == kTree && at_model() && key_ == "vocab") {
      result_.has_vocabulary = true;
      part_ = kVocabulary;
      return true;
    }
    return open(json::object());
  }

  bool end_object() override {
    if (part_ == kVocabulary) {
      part_ = kTree;
    } else {
      stack_.pop_back();
    }
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (part_ == kTree && at_model() && key_ == "merges") {
      result_.has_merges = true;
      part_ = kMerges;
      return true;
    }
    if (part_ == kMerges) {
      part_ = kMergePair;
      pair_.clear();
      return true;
    }
    return open(json::array());
  }

  bool end_array() override {
    switch (part_) {
      case kMergePair:
        if (pair_.size() != 2) {
          fail(file_ + ": model.merges[" + std::to_string(result_.merges.size()) + "] has " +
               std::to_string(pair_.size()) + " tokens, not 2.");
        }
        result_.merges.emplace_back(std::move(pair_[0]), std::move(pair_[1]));
        part_ = kMerges;
        return true;
      case kMerges:
        part_ = kTree;
        return true;
      default:
        stack_.pop_back();
        return true;
    }
  }

  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    throw base::Error(base::ErrorCode::kInvalidArgument,
                      file_ + " is not valid JSON: it goes wrong at byte " + std::to_string(position) + ".",
                      error.what());
  }

 private:
  enum Part { kTree, kVocabulary, kMerges, kMergePair };

  /// True directly inside the object "model" of the root.
  bool at_model() const { return stack_.size() == 2 && path_ == "model"; }

  template <typename Value>
  bool value(Value&& v) {
    switch (part_) {
      case kVocabulary:
        fail(file_ + ": model.vocab[" + json(key_).dump() + "] is not an integer.");
      case kMerges:
      case kMergePair:
        fail(file_ + ": model.merges[" + std::to_string(result_.merges.size()) +
             "] is neither a string nor a pair of strings.");
      case kTree:
        place(json(std::forward<Value>(v)));
    }
    return true;
  }

  json* place(json v) {
    if (stack_.empty()) {
      result_.root = std::move(v);
      return &result_.root;
    }
    json& parent = *stack_.back();
    if (parent.is_array()) {
      parent.push_back(std::move(v));
      return &parent.back();
    }
    json& slot = parent[key_];
    slot = std::move(v);
    return &slot;
  }

  bool open(json container) {
    if (part_ != kTree) return value(std::move(container));
    if (stack_.size() >= kDeepest)
      fail(file_ + " is nested more than " + std::to_string(kDeepest) + " levels deep.");
    if (stack_.size() == 1) path_ = key_;
    stack_.push_back(place(std::move(container)));
    return true;
  }

  bool entry(std::int64_t id) {
    result_.vocabulary.emplace_back(std::move(key_), id);
    return true;
  }

  bool merge_line(const std::string& line) {
    if (line.starts_with("#version")) return true;
    const std::size_t space = line.find(' ');
    if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
      fail(file_ + ": model.merges[" + std::to_string(result_.merges.size()) + "] is " + json(line).dump() +
           ", not two tokens separated by a space.");
    }
    result_.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
    return true;
  }

  TokenizerJson& result_;
  const std::string& file_;
  std::vector<json*> stack_;       // containers that are open
  std::string key_;                // last one read
  std::string path_;               // key of the open container in the root
  std::vector<std::string> pair_;  // merge being read
  Part part_ = kTree;
};

}  // namespace

TokenizerJson parse_tokenizer_json(std::string_view text, const std::string& file) {
  TokenizerJson result;
  Reader reader(result, file);
  json::sax_parse(text, &reader);
  if (!result.root.is_object()) fail(file + " is not a JSON object.");
  return result;
}

std::string read_text_file(const std::filesystem::path& file) {
  const base::MappedFile mapped(file);
  const auto bytes = mapped.bytes();
  std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("version https://git-lfs")) {
    fail(file.string() + " is a git-LFS pointer of " + std::to_string(text.size()) +
         " bytes, not the file itself: fetch it with \"git lfs pull\".");
  }
  return text;
}

json read_json_object(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return json::object();
  const std::string text = read_text_file(file);
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return json::object();
  try {
    json value = json::parse(text);
    if (!value.is_object()) fail(file.string() + " is not a JSON object.");
    return value;
  } catch (const json::parse_error& parse_error) {
    throw base::Error(
        base::ErrorCode::kInvalidArgument,
        file.string() + " is not valid JSON: it goes wrong at byte " + std::to_string(parse_error.byte) + ".",
        parse_error.what());
  }
}

}  // namespace axllama::text
