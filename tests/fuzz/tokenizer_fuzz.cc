// libFuzzer entry for the tokenizer: the input is either text for a vocabulary that covers every feature, or
// a tokenizer file. Whatever comes, there is an answer or a base::Error; what is decoded is valid UTF-8, what
// is streamed is what is decoded.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/utf8.h"
#include "tests/paths.h"
#include "text/stop_strings.h"
#include "text/tokenizer/streaming_detokenizer.h"
#include "text/tokenizer/tokenizer.h"
#include "text/tokenizer/tokenizer_json.h"
#include "text/tokenizer/vendor_text.h"

namespace {

using axllama::text::TokenId;
using axllama::text::Tokenizer;

void require(bool condition) {
  if (!condition) std::abort();
}

void read_as_file(std::string_view text) {
  using namespace axllama::text;
  try {
    TokenizerParts parts = is_vendor_tokenizer_text(text)
                               ? read_vendor_tokenizer_text(text, "fuzz", {{"tokenizer_type", "Qwen3"}})
                               : read_tokenizer_json(text, "fuzz", nullptr);
    const Tokenizer tokenizer(assemble(std::move(parts)));
    const std::vector<TokenId> ids = tokenizer.encode("The quick <s> fox\n 12 \u00E9\U0001F600");
    require(axllama::base::is_valid_utf8(tokenizer.decode(ids, false)));
  } catch (const axllama::base::Error&) {
    // refused: as it should be
  }
}

void encode_text(const std::shared_ptr<const Tokenizer>& tokenizer, std::string_view text) {
  const std::vector<TokenId> ids = tokenizer->encode(text, text.size() % 2 == 0);
  const std::string decoded = tokenizer->decode(ids, false);
  require(axllama::base::is_valid_utf8(decoded));
  axllama::text::StreamingDetokenizer stream(tokenizer, false);
  axllama::text::StopMatcher stops({"\n\n", "stop"});
  std::string streamed;
  std::string shown;
  for (const TokenId id : ids) {
    const std::string part = stream.push(id);
    streamed += part;
    shown += stops.push(part);
  }
  const std::string rest = stream.flush();
  streamed += rest;
  shown += stops.push(rest);
  shown += stops.flush();
  require(streamed == decoded);
  require(decoded.compare(0, shown.size(), shown) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string folder = std::string(AXLLAMA_SOURCE_DIR) + "/tests/golden/tokenizer/";
  static const std::vector<std::shared_ptr<const Tokenizer>> tokenizers = {
      Tokenizer::load_file(folder + "qwen2.json"), Tokenizer::load_file(folder + "gpt2.json"),
      Tokenizer::load_file(folder + "llama2.json"), Tokenizer::load_file(folder + "deepseek.json")};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_as_file(text);
  for (const auto& tokenizer : tokenizers) encode_text(tokenizer, text);
  return 0;
}
