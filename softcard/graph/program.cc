#include "softcard/graph/program.h"

#include "softcard/format.h"
#include "softcard/graph/head_program.h"
#include "softcard/graph/layer_program.h"
#include "softcard/graph/program_image.h"

namespace axllama::softcard {

std::size_t element_size(ElementType type) noexcept {
  return type == ElementType::kBf16 ? 2 : 4;
}

std::size_t TensorInfo::bytes(std::size_t group) const {
  std::size_t count = element_size(type);
  for (const std::int32_t dim : dims.at(group)) count *= static_cast<std::size_t>(dim);
  return count;
}

std::unique_ptr<Program> Program::load(std::span<const std::byte> image, const std::string& name) {
  const ProgramImage parsed(image, name);
  if (parsed.program() == kLayerProgram) return std::make_unique<LayerProgram>(parsed);
  if (parsed.program() == kHeadProgram) return std::make_unique<HeadProgram>(parsed);
  parsed.fail("the program \"" + parsed.program() + "\" is unknown, expected \"layer\" or \"head\"");
}

}  // namespace axllama::softcard
