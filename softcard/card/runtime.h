#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "softcard/card/context.h"
#include "softcard/card/handle_table.h"
#include "softcard/card/io.h"
#include "softcard/card/model_table.h"
#include "softcard/card/services.h"

namespace axllama::softcard {

/// The runtime of one process: its cards, contexts and everything handed out by handle. Any thread. Methods
/// throw CardError with the code the interface answers.
class Runtime {
 public:
  explicit Runtime(ProgramLoader loader);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  Services& services() noexcept { return services_; }
  ModelTable& models() noexcept { return models_; }
  HandleTable<CardStream>& streams() noexcept { return streams_; }
  HandleTable<Event>& events() noexcept { return events_; }
  HandleTable<IoInfo>& infos() noexcept { return infos_; }
  HandleTable<IoObject>& objects() noexcept { return objects_; }

  /// Takes the settings and makes the cards appear. Does nothing when done already. Throws kDeviceOpen
  /// without a card.
  void init(Settings settings);
  /// Reports what was not released, releases it, and writes the counters' file. Nothing to do without init().
  void finalize();
  bool initialised() const;
  /// Writes the counters' file if the settings name one.
  void write_counters();
  /// The JSON object docs/softcard.md describes: what was done, and what is held now.
  std::string counters_json() const;

  /// Ids of the cards there are; empty before init().
  std::vector<std::int32_t> device_ids();
  /// Throws kDeviceInvalidId.
  std::shared_ptr<Device> device(std::int32_t id) const;
  void set_device(std::int32_t id);
  void reset_device(std::int32_t id);
  /// Releases everything on the card, whoever holds it, and returns when it is up again.
  void reboot_device(std::int32_t id);

  void* create_context(std::int32_t id);
  void destroy_context(void* handle);
  void set_current_context(void* handle);
  /// Handle of the thread's context. Throws kNoContextBound.
  void* current_handle() const;
  /// The thread's context. Throws kNoContextBound.
  std::shared_ptr<Context> current() const;
  /// Handle of a card's default context. Throws kDeviceNotActive when no set_device() holds the card.
  void* default_context(std::int32_t id) const;

  /// A stream by handle; throws kStreamNull or kStreamIllegal.
  std::shared_ptr<CardStream> stream(const void* handle) const;
  /// Every stream of a card, default streams included.
  std::vector<std::shared_ptr<CardStream>> streams_of(const Device& device) const;

 private:
  struct Slot {
    std::shared_ptr<Device> device;
    std::uint32_t references = 0;
    void* default_context = nullptr;
  };

  Slot& slot(std::int32_t id);
  const Slot& slot(std::int32_t id) const;
  void bind(void* handle) const;
  void release_all(Device& device, const std::string& when);
  void report_host_leaks();

  Services services_;
  std::uint64_t serial_;  // tells this runtime's bindings of threads from another's
  mutable std::mutex mutex_;
  bool initialised_ = false;
  bool hidden_ = false;  // a fault keeps the cards out of the list
  std::vector<Slot> slots_;
  HandleTable<Context> contexts_{HandleKind::kContext};
  HandleTable<CardStream> streams_{HandleKind::kStream};
  HandleTable<Event> events_{HandleKind::kEvent};
  HandleTable<IoInfo> infos_{HandleKind::kIoInfo};
  HandleTable<IoObject> objects_{HandleKind::kIoObject};
  ModelTable models_;
};

}  // namespace axllama::softcard
