#include "api/ollama/tensor_list.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/safetensors.h"

namespace axllama::api::ollama {
namespace {

void add(Json& list, const std::string& name, const std::string& type,
         const std::vector<std::int64_t>& shape) {
  Json tensor;
  tensor["name"] = name;
  tensor["type"] = type;
  tensor["shape"] = shape;
  list.push_back(std::move(tensor));
}

void add_file(Json& list, const std::string& prefix, const std::filesystem::path& path) {
  try {
    const base::SafetensorsFile file(path);
    for (const auto& [name, tensor] : file.tensors()) add(list, prefix + name, tensor.dtype, tensor.shape);
  } catch (const base::Error&) {
    return;  // of the vendor's compiler
  }
}

}  // namespace

Json tensor_list(const model::Package& package) {
  Json list = Json::array();
  add(list, "token_embd.weight", "BF16",
      {static_cast<std::int64_t>(package.vocabulary_size()),
       static_cast<std::int64_t>(package.hidden_size())});
  const model::PackageFiles& files = package.files();
  for (std::size_t i = 0; i < files.layers.size(); ++i) {
    add_file(list, "blk." + std::to_string(i) + ".", files.layers[i]);
  }
  add_file(list, "output.", files.head);
  return list;
}

}  // namespace axllama::api::ollama
