#pragma once

// For tests: a runtime with fake programs, and a layer with everything bound as the rules want it.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "softcard/card/execution.h"
#include "softcard/card/fake_program.h"
#include "softcard/card/runtime.h"
#include "softcard/card/transfer.h"

namespace axllama::softcard::testing {

/// One fake card, initialised, held by the calling thread.
class FakeCard {
 public:
  explicit FakeCard(Settings settings = {}) : runtime_(load_fake) {
    settings.quiet = true;
    runtime_.init(std::move(settings));
    runtime_.set_device(runtime_.device_ids().front());
    device().engine_init(0);
  }

  Runtime& runtime() { return runtime_; }
  Services& services() { return runtime_.services(); }
  Device& device() { return runtime_.current()->device(); }

  std::uint64_t allocate(std::uint64_t size) { return device().memory().allocate(size, false)->address(); }

  /// Fills card memory with 16-bit values.
  void write(std::uint64_t address, const std::vector<std::uint16_t>& values) {
    plan_copy(device(), reinterpret_cast<void*>(address), values.data(), values.size() * 2,
              CopyKind::kHostToDevice)
        .perform(device());
  }
  std::vector<std::uint16_t> read(std::uint64_t address, std::size_t count) {
    std::vector<std::uint16_t> values(count);
    plan_copy(device(), values.data(), reinterpret_cast<void*>(address), count * 2, CopyKind::kDeviceToHost)
        .perform(device());
    return values;
  }

  std::shared_ptr<Model> load(const std::string& image) {
    const std::uint64_t at = allocate(image.size());
    plan_copy(device(), reinterpret_cast<void*>(at), image.data(), image.size(), CopyKind::kHostToDevice)
        .perform(device());
    const auto id = runtime_.models().load_memory(runtime_.current()->shared_device(),
                                                  reinterpret_cast<const void*>(at), image.size());
    device().memory().release(at);
    return runtime_.models().find(id);
  }

 private:
  Runtime runtime_;
};

enum Input : std::size_t { kKCache, kVCache, kIndices, kInput, kMask };
enum Output : std::size_t { kKOut, kVOut, kOutput };

/// A fake layer in one group with its own, zeroed buffer per tensor.
class BoundLayer {
 public:
  BoundLayer(FakeCard& card, std::uint32_t group)
      : group_(group),
        model_(card.load("layer")),
        io_(std::make_shared<IoObject>(model_->id(), model_->shape())) {
    const auto& shape = *model_->shape();
    for (const Side side : {Side::kInput, Side::kOutput}) {
      const auto& sizes = side == Side::kInput ? shape.input_bytes[group] : shape.output_bytes[group];
      for (std::size_t index = 0; index < sizes.size(); ++index) {
        const std::uint64_t at = card.allocate(sizes[index]);
        if (side == Side::kInput) {
          fill(card.device(), resolve_range(card.device(), reinterpret_cast<void*>(at), sizes[index], "x"),
               0);
        }
        io_->bind(side, index, at, sizes[index]);
        (side == Side::kInput ? in : out).push_back({at, sizes[index], true});
      }
    }
  }

  IoObject& io() { return *io_; }
  Model& model() { return *model_; }
  Execution execution() const { return {model_, group_, io_}; }
  Execution execution(std::uint32_t group) const { return {model_, group, io_}; }
  void run() const { softcard::run(execution(), {}); }

  std::vector<Binding> in;
  std::vector<Binding> out;

 private:
  std::uint32_t group_;
  std::shared_ptr<Model> model_;
  std::shared_ptr<IoObject> io_;
};

}  // namespace axllama::softcard::testing
