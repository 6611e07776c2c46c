#include "softcard/card/model.h"

#include <utility>

#include "softcard/card/error.h"

namespace axllama::softcard {

namespace {

/// Card memory held until the end of a scope.
class Reservation {
 public:
  Reservation(AddressSpace& memory, std::uint64_t bytes, const std::string& what)
      : memory_(memory), bytes_(bytes) {
    if (!memory.reserve(bytes)) {
      throw CardError(code::kEngineDecode, "Loading " + what + " needs " + std::to_string(bytes) +
                                               " bytes more of card memory, but of " +
                                               std::to_string(memory.quota()) + " bytes " +
                                               std::to_string(memory.used()) + " are in use.");
    }
  }
  ~Reservation() { memory_.unreserve(bytes_); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  std::uint64_t keep() { return std::exchange(bytes_, 0); }

 private:
  AddressSpace& memory_;
  std::uint64_t bytes_;
};

std::uint64_t elements(const std::vector<std::int32_t>& dims) {
  std::uint64_t count = 1;
  for (const std::int32_t dim : dims) {
    count *= static_cast<std::uint64_t>(dim);
  }
  return count;
}

}  // namespace

ModelShape::ModelShape(const Program& program, std::string model_name)
    : name(std::move(model_name)),
      compiler(program.compiler_version()),
      inputs(program.inputs().begin(), program.inputs().end()),
      outputs(program.outputs().begin(), program.outputs().end()) {
  const std::int32_t indices = index_of(inputs, "indices");
  for (std::size_t group = 0; group < program.group_count(); ++group) {
    std::vector<std::uint64_t> in;
    for (const TensorInfo& tensor : inputs) {
      in.push_back(tensor.bytes(group));
    }
    std::vector<std::uint64_t> out;
    for (const TensorInfo& tensor : outputs) {
      out.push_back(tensor.bytes(group));
    }
    input_bytes.push_back(std::move(in));
    output_bytes.push_back(std::move(out));
    if (indices < 0) {
      kinds.push_back(GroupKind::kPlain);
      rows.push_back(1);
      continue;
    }
    const auto& dims = inputs[static_cast<std::size_t>(indices)].dims[group];
    kinds.push_back(elements(dims) == 1 ? GroupKind::kDecode : GroupKind::kPrefill);
    rows.push_back(dims.empty() ? 1 : static_cast<std::uint32_t>(dims.back()));
  }
}

std::int32_t ModelShape::index_of(const std::vector<TensorInfo>& tensors, std::string_view name) {
  for (std::size_t index = 0; index < tensors.size(); ++index) {
    if (tensors[index].name == name) {
      return static_cast<std::int32_t>(index);
    }
  }
  return -1;
}

Model::Model(std::shared_ptr<Device> device, std::uint64_t id, std::span<const std::byte> image,
             std::string name, bool image_on_card)
    : device_(std::move(device)), id_(id) {
  AddressSpace& memory = device_->memory();
  Services& services = device_->services();
  const Reservation upload(memory, image_on_card ? 0 : image.size(), name);
  try {
    program_ = services.load_program(image, name);
  } catch (const ProgramError& error) {
    services.reports.add({.kind = "load", .model = name, .text = error.what()});
    throw CardError(code::kEngineIllegal, error.what());
  }
  Reservation weights(memory, program_->weight_bytes(), name);
  shape_ = std::make_shared<const ModelShape>(*program_, std::move(name));
  services.counters.add_load(image.size());
  reserved_ = weights.keep();
}

Model::~Model() {
  device_->memory().unreserve(reserved_);
}

void Model::add_context(std::uint64_t context) {
  const std::scoped_lock lock(mutex_);
  contexts_.insert(context);
}

bool Model::has_context(std::uint64_t context) const {
  const std::scoped_lock lock(mutex_);
  return contexts_.contains(context);
}

std::uint32_t Model::affinity() const {
  const std::scoped_lock lock(mutex_);
  return affinity_;
}

void Model::set_affinity(std::uint32_t mask) {
  const std::scoped_lock lock(mutex_);
  affinity_ = mask;
}

}  // namespace axllama::softcard
