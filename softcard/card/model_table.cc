#include "softcard/card/model_table.h"

#include <filesystem>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "softcard/card/error.h"
#include "softcard/card/transfer.h"

namespace axllama::softcard {

namespace {

std::chrono::duration<double> load_time(Device& device, std::uint64_t bytes) {
  const double rate = device.services().settings()->timing.load_mb_per_s * 1e6;
  return std::chrono::duration<double>(rate > 0 ? static_cast<double>(bytes) / rate : 0);
}

void strike_load(Device& device, const std::string& model) {
  const std::string card = "Card " + std::to_string(device.id());
  for (const FaultRule& fault : device.services().faults.strike(FaultPoint::kLoad, device.id(), model)) {
    if (fault.kind == FaultKind::kLoadHang && device.hang(fault.ms, {})) {
      continue;  // it took long, and goes on
    }
    std::string what = "A fault ends the loading of " + model + ".";
    if (fault.kind == FaultKind::kLoadHang) {
      what = card + " was reset while the loading of " + model + " hung.";
    } else if (fault.kind == FaultKind::kOutOfMemory) {
      what = card + " has no memory left for " + model + ".";
    }
    throw CardError(FaultPlan::code_of(fault), what);
  }
}

base::MappedFile open_model(const std::string& path) {
  try {
    return base::MappedFile(path);
  } catch (const base::Error& error) {
    throw CardError(code::kEngineIllegal, error.message());
  }
}

}  // namespace

void require_readable_model(const std::string& path) {
  open_model(path);
}

std::uint64_t ModelTable::load_file(std::shared_ptr<Device> device, const std::string& path) {
  const base::MappedFile file = open_model(path);
  RemoteCall call(*device);
  device->engine_kind();
  const std::string name = std::filesystem::path(path).filename().string();
  strike_load(*device, name);
  call.cost(load_time(*device, file.bytes().size()));
  return add(std::make_shared<Model>(std::move(device), next_id(), file.bytes(), name, false));
}

std::uint64_t ModelTable::load_memory(std::shared_ptr<Device> device, const void* image, std::uint64_t size) {
  RemoteCall call(*device);
  device->engine_kind();
  const DeviceRange range = resolve_range(*device, image, size, "The model image");
  const std::uint64_t id = next_id();
  const std::string name = "model " + std::to_string(id) + " (from card memory)";
  strike_load(*device, name);
  call.cost(load_time(*device, range.size));
  const std::span<const std::byte> bytes(range.at.data(), range.size);
  return add(std::make_shared<Model>(std::move(device), id, bytes, name, true));
}

std::uint64_t ModelTable::next_id() {
  const std::unique_lock lock(mutex_);
  return ++last_id_;
}

std::uint64_t ModelTable::add(std::shared_ptr<Model> model) {
  const std::uint64_t id = model->id();
  const std::unique_lock lock(mutex_);
  models_.emplace(id, std::move(model));
  return id;
}

std::size_t ModelTable::size() const {
  const std::shared_lock lock(mutex_);
  return models_.size();
}

std::shared_ptr<Model> ModelTable::find(std::uint64_t id) const {
  const std::shared_lock lock(mutex_);
  const auto found = models_.find(id);
  return found == models_.end() ? nullptr : found->second;
}

std::shared_ptr<Model> ModelTable::find(std::uint64_t id, const Device& device) const {
  auto model = find(id);
  if (!model) {
    throw CardError(code::kEngineIllegal, "No model with the id " + std::to_string(id) + " is loaded.");
  }
  if (&model->device() != &device) {
    const std::string text = model->shape()->name + " is loaded on card " +
                             std::to_string(model->device().id()) +
                             ", but the context in use is one of card " + std::to_string(device.id()) + ".";
    model->device().services().reports.add({.kind = "context", .model = model->shape()->name, .text = text});
    throw CardError(code::kEngineIllegal, text);
  }
  return model;
}

void ModelTable::unload(std::uint64_t id, const Device& device) {
  const auto model = find(id, device);  // dies outside the lock
  const std::unique_lock lock(mutex_);
  models_.erase(id);
}

std::uint64_t ModelTable::create_context(std::uint64_t id, const Device& device) {
  const auto model = find(id, device);
  const std::unique_lock lock(mutex_);
  model->add_context(++last_context_);
  return last_context_;
}

std::vector<std::string> ModelTable::unload_all(const Device& device) {
  std::vector<std::shared_ptr<Model>> gone;
  std::vector<std::string> names;
  const std::unique_lock lock(mutex_);
  for (auto it = models_.begin(); it != models_.end();) {
    if (&it->second->device() == &device) {
      names.push_back(it->second->shape()->name);
      gone.push_back(std::move(it->second));
      it = models_.erase(it);
    } else {
      ++it;
    }
  }
  return names;
}

}  // namespace axllama::softcard
