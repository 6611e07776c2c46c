#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace axllama::testing {

/// Makes schemas of every supported keyword that some value satisfies; the same ones for the same seed. Some
/// have a `oneOf` whose alternatives may hold at once, which is refused.
class SchemaMaker {
 public:
  using Json = nlohmann::ordered_json;

  explicit SchemaMaker(std::uint32_t seed) : random_(seed) {}

  /// A whole schema, with definitions that it may refer to.
  Json make();

 private:
  std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  bool maybe() { return below(2) == 0; }

  Json schema(int depth);
  Json string();
  Json integer();
  Json number();
  Json array(int depth);
  Json object(int depth);
  Json alternatives(int depth);
  Json kinds();
  Json one_of(int depth);
  Json one_of_numbers();
  Json one_of_strings();
  Json one_of_arrays(int depth);
  Json one_of_objects(int depth);
  Json required_ones(int depth);
  Json values();
  Json combination(int depth);

  std::mt19937 random_;
};

}  // namespace axllama::testing
