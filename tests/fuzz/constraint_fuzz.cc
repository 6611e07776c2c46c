// libFuzzer entry for constraints: the input is a grammar, a pattern and, where it is JSON, a schema. Each is
// refused with a base::Error or gives masks that can be followed, soon.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "text/constraint/compile.h"
#include "text/constraint/testing/walk.h"

namespace {

using namespace axllama::text;

constexpr int kSteps = 12;

/// The choice among the allowed tokens is made by the input, so that a finding can be repeated.
void follow(const std::function<std::shared_ptr<const Constraint>()>& compile, std::string_view choices) {
  try {
    const auto constraint = compile();
    const auto state = constraint->start();
    for (int i = 0; i < kSteps; ++i) {
      const std::vector<TokenId> allowed = testing::members(state->allowed());
      if (allowed.empty()) std::abort();
      const auto choice = static_cast<unsigned char>(choices[static_cast<std::size_t>(i) % choices.size()]);
      const TokenId token = allowed[(choice * 2'654'435'761U + static_cast<unsigned>(i)) % allowed.size()];
      state->accept(token);
      if (testing::tiny_tokenizer()->is_eos(token)) break;
    }
  } catch (const axllama::base::Error& error) {
    if (error.code() == axllama::base::ErrorCode::kInternal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string source(reinterpret_cast<const char*>(data), size);
  if (source.empty()) return 0;
  const auto& tokenizer = testing::tiny_tokenizer();
  follow([&] { return compile_grammar(source, tokenizer); }, source);
  follow([&] { return compile_regex(source, tokenizer); }, source);
  const auto schema = nlohmann::ordered_json::parse(source, nullptr, false);
  if (!schema.is_discarded()) follow([&] { return compile_json_schema(schema, tokenizer); }, source);
  return 0;
}
