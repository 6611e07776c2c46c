#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "softcard/card/model.h"

namespace axllama::softcard {

/// Throws CardError with a sentence when there is no such file or it cannot be read.
void require_readable_model(const std::string& path);

/// The models loaded in this process, on whichever card. Any thread.
class ModelTable {
 public:
  /// Throws CardError. The file is read as the hardware does: it needs its size in card memory while it
  /// loads.
  std::uint64_t load_file(std::shared_ptr<Device> device, const std::string& path);
  /// `image` is card memory of this card, and may be freed afterwards.
  std::uint64_t load_memory(std::shared_ptr<Device> device, const void* image, std::uint64_t size);

  /// Throws CardError when there is no such model or it is on another card than `device`.
  std::shared_ptr<Model> find(std::uint64_t id, const Device& device) const;
  std::size_t size() const;
  /// Null when there is no such model.
  std::shared_ptr<Model> find(std::uint64_t id) const;
  void unload(std::uint64_t id, const Device& device);
  std::uint64_t create_context(std::uint64_t id, const Device& device);

  /// Unloads every model of a card; returns their names.
  std::vector<std::string> unload_all(const Device& device);

 private:
  std::uint64_t add(std::shared_ptr<Model> model);
  std::uint64_t next_id();

  mutable std::shared_mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<Model>> models_;
  std::uint64_t last_id_ = 0;
  std::uint64_t last_context_ = 1000;  // apart from model ids, so that a mix-up is noticed
};

}  // namespace axllama::softcard
