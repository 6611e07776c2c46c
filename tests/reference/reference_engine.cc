// What compare.py asks of the engine, as one JSON object per line.
//
//   reference_engine tokens     --library L --package P --input prompts.txt --count N
//       {"prompt": [...], "tokens": [...]} for each line, a JSON string, of the input. Each prompt is also
//       evaluated in chunks of other sizes, which must give the same tokens, keys and values.
//   reference_engine likelihood --library L --package P --input heldout.txt --window N
//       {"tokens": [...], "negative_log_likelihood": x} for each N tokens of the input.
//   reference_engine embeddings --library L --package P --input texts
//       {"tokens": [...], "embedding": [...]} for each line, a JSON string, of the input.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "axcl/card.h"
#include "axcl/runtime.h"
#include "inference/engine.h"
#include "inference/engine_inspection.h"
#include "inference/random.h"
#include "model/package.h"

namespace axllama::inference {
namespace {

using text::TokenId;
using Tokens = std::vector<TokenId>;

struct Setup {
  explicit Setup(const std::map<std::string, std::string>& arguments)
      : runtime(open_runtime(arguments.at("--library"))),
        card(runtime, 0),
        package(model::Package::open(arguments.at("--package"))),
        engine(Engine::load(card, package)),
        inspection(*engine) {}

  static std::shared_ptr<axcl::Runtime> open_runtime(const std::string& library) {
    axcl::RuntimeOptions options;
    options.library = library;
    return axcl::Runtime::open(options);
  }

  std::shared_ptr<axcl::Runtime> runtime;
  axcl::Card card;
  std::shared_ptr<const model::Package> package;
  std::unique_ptr<Engine> engine;
  EngineInspection inspection;
};

/// Greedy tokens, and the caches' bytes after them.
struct Result {
  Tokens tokens;
  std::vector<std::vector<std::byte>> caches;

  bool operator==(const Result&) const = default;
};

Result generate(Setup& setup, const Tokens& prompt, int count) {
  setup.engine->reset_cache();
  GenerationRequest request;
  request.prompt = prompt;
  request.sampling.temperature = 0;
  request.max_tokens = count;
  request.ignore_end_of_sequence = true;
  const auto generation = setup.engine->start(request);
  Result result;
  for (TokenEvent event; !event.done;) {
    event = generation->step();
    result.tokens.insert(result.tokens.end(), event.tokens.begin(), event.tokens.end());
  }
  const std::size_t rows = setup.inspection.cache().size();
  for (std::size_t layer = 0; layer < setup.package->layer_count(); ++layer) {
    result.caches.push_back(setup.inspection.keys(setup.card, layer, 0, rows));
    result.caches.push_back(setup.inspection.values(setup.card, layer, 0, rows));
  }
  return result;
}

/// Steps of random sizes, from one token to a whole chunk.
PrefillPlanner random_planner(const std::vector<model::PrefillGroup>& groups, std::uint64_t seed) {
  return [groups, random = Random(seed)](std::size_t cached, std::size_t remaining) mutable {
    for (std::size_t i = 0; i < groups.size(); ++i) {
      if (groups[i].history >= cached) {
        const std::size_t rows = 1 + static_cast<std::size_t>(random.next() % groups[i].rows);
        return PrefillStep{i, std::min(rows, remaining)};
      }
    }
    return PrefillStep{};
  };
}

PrefillPlanner usual_planner(const std::vector<model::PrefillGroup>& groups) {
  return [groups, costs = PrefillCosts::guess(groups.size())](std::size_t cached, std::size_t remaining) {
    return next_prefill_step(groups, costs, cached, remaining);
  };
}

int tokens(Setup& setup, const std::string& input, int count) {
  std::ifstream file(input);
  const auto& groups = setup.inspection.prefill_groups();
  std::uint64_t number = 0;
  for (std::string line; std::getline(file, line); ++number) {
    const Tokens prompt = setup.package->tokenizer().encode(nlohmann::json::parse(line).get<std::string>());
    setup.inspection.set_planner(usual_planner(groups));
    const Result result = generate(setup, prompt, count);
    setup.inspection.set_planner(random_planner(groups, number));
    if (!(generate(setup, prompt, count) == result)) {
      std::cerr << "prompt " << number << " split into other chunks gives other tokens, keys or values\n";
      return 1;
    }
    std::cout << nlohmann::json({{"prompt", prompt}, {"tokens", result.tokens}}) << '\n';
  }
  return 0;
}

double negative_log_likelihood(std::span<const base::Bf16> logits, TokenId token) {
  double largest = base::bf16_to_f32(logits[0]);
  for (const base::Bf16 logit : logits) {
    largest = std::max<double>(largest, base::bf16_to_f32(logit));
  }
  double sum = 0;
  for (const base::Bf16 logit : logits) {
    sum += std::exp(base::bf16_to_f32(logit) - largest);
  }
  return std::log(sum) + largest - base::bf16_to_f32(logits[static_cast<std::size_t>(token)]);
}

int likelihood(Setup& setup, const std::string& input, std::size_t window) {
  std::ifstream file(input);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Tokens all = setup.package->tokenizer().encode(text);
  for (std::size_t begin = 0; begin + 1 < all.size(); begin += window) {
    const Tokens part(all.begin() + static_cast<std::ptrdiff_t>(begin),
                      all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), begin + window)));
    double sum = 0;
    setup.engine->evaluate(part, [&](std::size_t position, std::span<const base::Bf16> logits) {
      if (position + 1 < part.size()) {
        sum += negative_log_likelihood(logits, part[position + 1]);
      }
    });
    std::cout << nlohmann::json({{"tokens", part}, {"negative_log_likelihood", sum}}) << '\n';
  }
  return 0;
}

/// Embeds each line of the input.
int embeddings(Setup& setup, const std::string& input) {
  std::ifstream lines(input);
  for (std::string line; std::getline(lines, line);) {
    const text::Tokenizer& tokenizer = setup.package->tokenizer();
    GenerationRequest request;
    request.prompt =
        tokenizer.add_special_tokens(tokenizer.encode(nlohmann::json::parse(line).get<std::string>()));
    request.readout.emplace();
    setup.engine->reset_cache();
    const auto generation = setup.engine->start(request);
    TokenEvent event;
    while (!event.done) {
      event = generation->step();
    }
    std::cout << nlohmann::json({{"tokens", request.prompt}, {"embedding", event.readout}}) << '\n';
  }
  return 0;
}

int run(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  std::map<std::string, std::string> arguments;
  for (int i = 2; i + 1 < argc; i += 2) {
    arguments[argv[i]] = argv[i + 1];
  }
  Setup setup(arguments);
  if (mode == "tokens") {
    return tokens(setup, arguments.at("--input"), std::stoi(arguments.at("--count")));
  }
  if (mode == "likelihood") {
    return likelihood(setup, arguments.at("--input"), std::stoul(arguments.at("--window")));
  }
  if (mode == "embeddings") {
    return embeddings(setup, arguments.at("--input"));
  }
  std::cerr << "reference_engine tokens|likelihood|embeddings --library L --package P --input F "
               "--count|--window N\n";
  return 2;
}

}  // namespace
}  // namespace axllama::inference

int main(int argc, char** argv) {
  try {
    return axllama::inference::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
