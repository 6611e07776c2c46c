#include "compiler/checkpoint_source.h"

#include <cstring>
#include <fstream>
#include <set>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/bfloat16.h"
#include "base/error.h"
#include "compiler/float16.h"

namespace axllama::compiler {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t dim : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(dim);
  return text + "]";
}

bool matches(const std::vector<std::int64_t>& shape, std::size_t rows, std::size_t columns) {
  if (shape.size() == 2) {
    return static_cast<std::size_t>(shape[0]) == rows && static_cast<std::size_t>(shape[1]) == columns;
  }
  return shape.size() == 1 && rows == 1 && static_cast<std::size_t>(shape[0]) == columns;
}

template <typename Element, typename Convert>
void convert(std::span<const std::byte> data, std::span<float> out, Convert to_float) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Element element;
    std::memcpy(&element, data.data() + i * sizeof(Element), sizeof(Element));
    out[i] = to_float(element);
  }
}

std::set<std::string> shards_of(const fs::path& index) {
  std::ifstream stream(index, std::ios::binary);
  const nlohmann::json parsed = nlohmann::json::parse(stream, nullptr, false);
  const auto map = parsed.is_object() ? parsed.find("weight_map") : parsed.end();
  if (!parsed.is_object() || map == parsed.end() || !map->is_object()) {
    throw Error(ErrorCode::kInvalidArgument, index.string() + " has no object \"weight_map\"");
  }
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : map->items()) {
    if (!shard.is_string() || shard.get<std::string>().find('/') != std::string::npos) {
      throw Error(ErrorCode::kInvalidArgument, index.string() + " names no plain file for " + tensor);
    }
    shards.insert(shard.get<std::string>());
  }
  return shards;
}

}  // namespace

CheckpointSource::CheckpointSource(const fs::path& folder) {
  const fs::path index = folder / "model.safetensors.index.json";
  if (fs::exists(index)) {
    for (const std::string& shard : shards_of(index)) add(folder / shard);
  } else {
    add(folder / "model.safetensors");
  }
  if (has("embed_tokens.weight")) add_prefix();
  take_language_model();
}

void CheckpointSource::take_language_model() {
  constexpr std::string_view kOutside = "language_model.";       // language_model.model.layers..., ...lm_head
  constexpr std::string_view kInside = "model.language_model.";  // model.language_model.layers..., lm_head
  decltype(tensors_) renamed;
  for (const auto& [name, place] : tensors_) {
    if (name.starts_with(kOutside)) {
      renamed[name.substr(kOutside.size())] = place;
    } else if (name.starts_with(kInside)) {
      renamed["model." + name.substr(kInside.size())] = place;
    } else {
      renamed[name] = place;
    }
  }
  tensors_ = std::move(renamed);
}

void CheckpointSource::add_prefix() {
  decltype(tensors_) renamed;
  for (const auto& [name, place] : tensors_) {
    renamed[name.starts_with("lm_head.") || name.starts_with("score.") ? name : "model." + name] = place;
  }
  tensors_ = std::move(renamed);
}

void CheckpointSource::add(const fs::path& file) {
  const auto& opened = files_.emplace_back(std::make_unique<base::SafetensorsFile>(file));
  for (const auto& [name, view] : opened->tensors()) tensors_[name] = {&view, opened.get()};
}

bool CheckpointSource::has(const std::string& tensor) const {
  return tensors_.contains(tensor);
}

const softcard::WeightKind* CheckpointSource::stored_kind(const std::string& tensor) const {
  const auto found = tensors_.find(tensor);
  if (found == tensors_.end()) return nullptr;
  const std::string& dtype = found->second.view->dtype;
  return softcard::find_weight_kind(dtype == "F32" ? "f32" : dtype == "F16" ? "f16" : "bf16");
}

void CheckpointSource::read_rows(const std::string& tensor, std::size_t rows, std::size_t columns,
                                 std::size_t first, std::span<float> out) {
  const auto found = tensors_.find(tensor);
  if (found == tensors_.end()) {
    throw Error(ErrorCode::kInvalidArgument, files_.front()->name() + " has no tensor " + tensor);
  }
  const auto& [view, file] = found->second;
  if (!matches(view->shape, rows, columns)) {
    throw Error(ErrorCode::kInvalidArgument, file->name() + ": the tensor " + tensor + " has the shape " +
                                                 shape_text(view->shape) + ", expected [" +
                                                 std::to_string(rows) + ", " + std::to_string(columns) + "]");
  }
  const std::size_t element = base::safetensors_dtype_size(view->dtype);
  const auto data = view->data.subspan(first * columns * element, out.size() * element);
  if (view->dtype == "BF16") {
    convert<base::Bf16>(data, out, base::bf16_to_f32);
  } else if (view->dtype == "F16") {
    convert<std::uint16_t>(data, out, f16_to_f32);
  } else if (view->dtype == "F32") {
    convert<float>(data, out, [](float value) { return value; });
  } else {
    throw Error(ErrorCode::kUnsupported, file->name() + ": the tensor " + tensor + " has the type " +
                                             view->dtype + ", expected F32, F16 or BF16");
  }
}

}  // namespace axllama::compiler
