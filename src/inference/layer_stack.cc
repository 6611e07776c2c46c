#include "inference/layer_stack.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/error.h"

namespace axllama::inference {
namespace {

using base::Error;
using base::ErrorCode;

std::vector<model::LayerTensor> without_types(const std::vector<axcl::TensorDescription>& tensors) {
  std::vector<model::LayerTensor> result;
  result.reserve(tensors.size());
  for (const axcl::TensorDescription& tensor : tensors) {
    result.push_back({tensor.name, tensor.dims});
  }
  return result;
}

std::size_t port(const axcl::Model& model, std::optional<std::size_t> index, std::string_view name) {
  if (!index) {
    throw Error(ErrorCode::kInvalidArgument, model.file().filename().string() + " has no tensor " +
                                                 std::string(name) + ", so it is not a decoder layer.");
  }
  return *index;
}

LayerPorts find_ports(const axcl::Model& model) {
  const auto input = [&](std::string_view name) { return port(model, model.input_index(name), name); };
  const auto output = [&](std::string_view name) { return port(model, model.output_index(name), name); };
  LayerPorts ports;
  ports.k_cache = input("K_cache");
  ports.v_cache = input("V_cache");
  ports.indices = input("indices");
  ports.input = input("input");
  ports.mask = input("mask");
  ports.k_cache_out = output("K_cache_out");
  ports.v_cache_out = output("V_cache_out");
  ports.output = output("output");
  return ports;
}

/// This runtime feeds bf16 tensors and 32-bit positions and nothing else.
void check_elements(const axcl::Model& model) {
  const auto check = [&](const std::vector<axcl::TensorDescription>& tensors, std::size_t known) {
    if (tensors.size() != known) {
      throw Error(ErrorCode::kUnsupported,
                  model.file().filename().string() + " has " + std::to_string(tensors.size()) +
                      " inputs or outputs where a plain decoder layer has " + std::to_string(known) +
                      "; this kind of model is not supported.");
    }
    for (const axcl::TensorDescription& tensor : tensors) {
      const bool index = tensor.name == "indices";
      const axcl::DataType expected = index ? axcl::DataType::kUint32 : axcl::DataType::kBf16;
      if (tensor.type != expected && tensor.type != axcl::DataType::kNone) {
        throw Error(ErrorCode::kUnsupported,
                    tensor.name + " of " + model.file().filename().string() + " has element type " +
                        std::to_string(static_cast<int>(tensor.type)) + " instead of " +
                        std::to_string(static_cast<int>(expected)) + (index ? " (uint32)." : " (bf16)."));
      }
    }
  };
  check(model.inputs(), 5);
  check(model.outputs(), 3);
}

bool operator==(const LayerPorts& a, const LayerPorts& b) {
  return a.k_cache == b.k_cache && a.v_cache == b.v_cache && a.indices == b.indices && a.input == b.input &&
         a.mask == b.mask && a.k_cache_out == b.k_cache_out && a.v_cache_out == b.v_cache_out &&
         a.output == b.output;
}

std::string values(const char* what, std::size_t a, std::size_t b) {
  return std::string(what) + " " + std::to_string(a) + " and " + std::to_string(b);
}

}  // namespace

std::string describe_shape_difference(const model::LayerShapes& a, const model::LayerShapes& b) {
  if (a.hidden != b.hidden) {
    return values("hidden size", a.hidden, b.hidden);
  }
  if (a.kv_width != b.kv_width) {
    return values("key width", a.kv_width, b.kv_width);
  }
  if (a.context != b.context) {
    return values("context length", a.context, b.context);
  }
  if (a.index_rows != b.index_rows) {
    return values("rows of position indices", a.index_rows, b.index_rows);
  }
  if (a.decode_group != b.decode_group) {
    return values("decode group number", a.decode_group, b.decode_group);
  }
  if (a.prefill.size() != b.prefill.size()) {
    return values("number of prefill groups", a.prefill.size(), b.prefill.size());
  }
  for (std::size_t i = 0; i < a.prefill.size(); ++i) {
    if (a.prefill[i].rows != b.prefill[i].rows) {
      return values("prefill rows", a.prefill[i].rows, b.prefill[i].rows);
    }
    if (a.prefill[i].history != b.prefill[i].history) {
      return values("prefill history", a.prefill[i].history, b.prefill[i].history);
    }
    if (!(a.prefill[i] == b.prefill[i])) {
      return values("prefill group number", a.prefill[i].group, b.prefill[i].group);
    }
  }
  return "";
}

LayerStack::LayerStack(axcl::Card& card, const model::PackageFiles& files,
                       const std::function<bool(std::size_t, std::size_t)>& progress) {
  layers_.reserve(files.layers.size());
  for (const std::filesystem::path& file : files.layers) {
    add(card, file);
    if (progress && !progress(layers_.size(), files.layers.size())) {
      throw Error(ErrorCode::kCancelled, "Loading " + files.name + " was given up after " +
                                             std::to_string(layers_.size()) + " of " +
                                             std::to_string(files.layers.size()) + " layers.");
    }
  }
}

void LayerStack::add(axcl::Card& card, const std::filesystem::path& file) {
  auto model = std::make_unique<axcl::Model>(card, file);
  const model::LayerShapes shapes = model::infer_layer_shapes(
      without_types(model->inputs()), without_types(model->outputs()), file.filename().string());
  check_elements(*model);
  const LayerPorts ports = find_ports(*model);
  if (layers_.empty()) {
    shapes_ = shapes;
    ports_ = ports;
  } else if (!(shapes == shapes_) || !(ports == ports_)) {
    const std::string difference = describe_shape_difference(shapes_, shapes);
    throw Error(ErrorCode::kInvalidArgument,
                "The layers " + layers_.front()->file().filename().string() + " and " +
                    file.filename().string() + " do not belong to one model: " +
                    (difference.empty() ? "the order of their tensors differs" : difference) + ".");
  }
  file_bytes_ += std::filesystem::file_size(file);
  layers_.push_back(std::move(model));
}

}  // namespace axllama::inference
