// Writes schemas and what constraints say of texts, for a validator to judge, one JSON object a line:
// {"schema", "answers": texts of random walks, "mutants": [{"text", "accepted"}], "refused": how many schemas
// before it were refused because alternatives of a oneOf may hold at once}.
//
//   sample_schemas COUNT SEED > FILE
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <random>
#include <string>

#include "base/error.h"
#include "tests/schema/schema_maker.h"
#include "text/constraint/compile.h"
#include "text/constraint/testing/walk.h"

namespace {

using namespace axllama;
using Json = nlohmann::ordered_json;

constexpr int kAnswers = 4;
constexpr int kMutants = 3;  // of each answer
constexpr const char* kInsertions[] = {"\"", ",", "{", "}", "[",    "]",  "0", "1",     "-",
                                       ".5", "e", " ", "a", "null", "\\", ":", "\u00e9"};

std::string mutant(std::string text, std::mt19937& random) {
  for (std::size_t n = 1 + random() % 2; n > 0; --n) {
    const std::size_t at = random() % (text.size() + 1);
    switch (random() % 3) {
      case 0:
        text.insert(at, kInsertions[random() % std::size(kInsertions)]);
        break;
      case 1:
        text.erase(at, 1 + random() % 4);
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ 1);
        break;
    }
  }
  return text;
}

std::string dump(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Null where alternatives of a oneOf may hold at once.
std::shared_ptr<const text::Constraint> compiled(const Json& schema) try {
  return text::compile_json_schema(schema, text::testing::tiny_tokenizer());
} catch (const base::Error& error) {
  if (error.message().find("do not exclude each other") == std::string::npos) throw;
  return nullptr;
}

void write_case(testing::SchemaMaker& maker, std::mt19937& random) {
  Json schema = maker.make();
  int refused = 0;
  auto constraint = compiled(schema);
  for (; constraint == nullptr; ++refused) {
    schema = maker.make();
    constraint = compiled(schema);
  }
  Json line = {{"schema", schema},
               {"refused", refused},
               {"unfinished", 0},
               {"answers", Json::array()},
               {"mutants", Json::array()}};
  for (int i = 0; i < kAnswers; ++i) {
    const auto answer = text::testing::sample(*constraint, random);
    if (!answer) {
      line["unfinished"] = line["unfinished"].get<int>() + 1;
      continue;
    }
    line["answers"].push_back(*answer);
    for (int m = 0; m < kMutants; ++m) {
      const std::string changed = mutant(*answer, random);
      line["mutants"].push_back(
          {{"text", changed}, {"accepted", text::testing::accepts(*constraint, changed)}});
    }
  }
  std::cout << dump(line) << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  const auto number = [&](int i) { return static_cast<std::uint32_t>(std::strtoul(argv[i], nullptr, 10)); };
  if (argc != 3) {
    std::cerr << "usage: sample_schemas COUNT SEED\n";
    return 2;
  }
  testing::SchemaMaker maker(number(2));
  std::mt19937 random(number(2));
  for (std::uint32_t i = number(1); i > 0; --i) write_case(maker, random);
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
