#include "text/tokenizer/normalizer.h"

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "text/unicode/nfc.h"

namespace axllama::text {
namespace {

class Nfc final : public Normalizer {
 public:
  void apply(std::string& text) const override { text = to_nfc(text); }
};

class Nfd final : public Normalizer {
 public:
  void apply(std::string& text) const override { text = to_nfd(text); }
};

class Prepend final : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  void apply(std::string& text) const override {
    if (!text.empty()) text.insert(0, prefix_);
  }

 private:
  std::string prefix_;
};

/// `text` with the ordered `matches` replaced.
std::string replaced(std::string_view text, const std::vector<Span>& matches, std::string_view to) {
  std::string out;
  out.reserve(text.size() + matches.size() * to.size());
  std::size_t at = 0;
  for (const Span& match : matches) {
    out.append(text.substr(at, match.begin - at)).append(to);
    at = match.end;
  }
  return out.append(text.substr(at));
}

class Replace final : public Normalizer {
 public:
  Replace(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  void apply(std::string& text) const override {
    if (from_.empty()) return;
    std::vector<Span> matches;
    for (std::size_t at = text.find(from_); at != std::string::npos;
         at = text.find(from_, at + from_.size())) {
      matches.push_back({at, at + from_.size()});
    }
    if (!matches.empty()) text = replaced(text, matches, to_);
  }

 private:
  std::string from_;
  std::string to_;
};

class RegexReplace final : public Normalizer {
 public:
  RegexReplace(Regex regex, std::string to) : regex_(std::move(regex)), to_(std::move(to)) {}
  void apply(std::string& text) const override {
    std::vector<Span> matches;
    regex_.find_all(text, {0, text.size()}, matches);
    if (!matches.empty()) text = replaced(text, matches, to_);
  }

 private:
  Regex regex_;
  std::string to_;
};

}  // namespace

std::unique_ptr<Normalizer> make_nfc() {
  return std::make_unique<Nfc>();
}
std::unique_ptr<Normalizer> make_nfd() {
  return std::make_unique<Nfd>();
}
std::unique_ptr<Normalizer> make_prepend(std::string prefix) {
  return std::make_unique<Prepend>(std::move(prefix));
}
std::unique_ptr<Normalizer> make_replace(std::string from, std::string to) {
  return std::make_unique<Replace>(std::move(from), std::move(to));
}
std::unique_ptr<Normalizer> make_regex_replace(Regex regex, std::string to) {
  return std::make_unique<RegexReplace>(std::move(regex), std::move(to));
}

}  // namespace axllama::text
