#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/safetensors.h"
#include "softcard/format.h"
#include "softcard/weights/testing/weight_at.h"

namespace axllama::compiler::testing {

/// The kind in which a layer or head file has a projection.
inline std::string kind_of(const base::SafetensorsFile& file, const std::string& name) {
  const auto config = nlohmann::json::parse(file.metadata().find(softcard::kConfigKey)->second);
  return config.at(softcard::kPackedField).at(name).get<std::string>();
}

/// The weights [rows, columns] of a projection, row-major.
inline std::vector<float> weights_of(const base::SafetensorsFile& file, const std::string& name,
                                     std::size_t rows, std::size_t columns) {
  const softcard::PackedLayout layout{*softcard::find_weight_kind(kind_of(file, name)), rows, columns};
  const base::SafetensorsView& view = file.tensor(name);
  std::vector<float> weights;
  if (view.data.size() != layout.bytes()) return weights;
  for (std::size_t i = 0; i < rows * columns; ++i) {
    weights.push_back(
        static_cast<float>(softcard::testing::weight_at(layout, view.data.data(), i / columns, i % columns)));
  }
  return weights;
}

}  // namespace axllama::compiler::testing
