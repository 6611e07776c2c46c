#pragma once

#include <memory>
#include <string>

#include "text/tokenizer/regex.h"

namespace axllama::text {

/// One step of normalization of a part of the input, which is valid UTF-8. Immutable; any thread.
class Normalizer {
 public:
  Normalizer() = default;
  virtual ~Normalizer() = default;
  Normalizer(const Normalizer&) = delete;
  Normalizer& operator=(const Normalizer&) = delete;
  virtual void apply(std::string& text) const = 0;
};

std::unique_ptr<Normalizer> make_nfc();
std::unique_ptr<Normalizer> make_nfd();

/// "Prepend": `prefix` in front of any text that is not empty.
std::unique_ptr<Normalizer> make_prepend(std::string prefix);

/// "Replace" of a fixed string; nothing happens when `from` is empty.
std::unique_ptr<Normalizer> make_replace(std::string from, std::string to);

/// "Replace" of each match of a regular expression; `to` is taken as it is.
std::unique_ptr<Normalizer> make_regex_replace(Regex regex, std::string to);

}  // namespace axllama::text
