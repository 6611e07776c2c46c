#include "axcl/runtime.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>

#include "axcl/abi.h"
#include "axcl/errors.h"
#include "axcl/host_probe.h"
#include "axcl/library_search.h"
#include "axcl/quiet_config.h"
#include "base/error.h"

namespace axllama::axcl {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr std::chrono::milliseconds kDeviceListInterval{250};

fs::path library_from_environment() {
  const char* given = std::getenv("AXLLAMA_AXCL_LIBRARY");
  return given == nullptr ? fs::path{} : fs::path(given);
}

/// Runtimes in use, by library file: axclInit is called once per process and library.
struct OpenRuntimes {
  std::mutex mutex;
  std::map<fs::path, std::weak_ptr<Runtime>> by_library;
};

OpenRuntimes& open_runtimes() {
  static OpenRuntimes runtimes;
  return runtimes;
}

}  // namespace

Runtime::Runtime() = default;

Runtime::~Runtime() {
  if (initialised_) abi_->axclFinalize();
}

std::shared_ptr<Runtime> Runtime::open(const RuntimeOptions& options) {
  const fs::path given = options.library.empty() ? library_from_environment() : options.library;
  if (!given.empty()) {
    const LibraryAttempt attempt = open_library_file(given);
    if (attempt.handle == nullptr) throw Error(ErrorCode::kUnavailable, attempt.problem);
    return start(attempt.handle, attempt.path, options.device_wait);
  }

  std::string reason;
  if (options.allow_vendor) {
    try {
      const LibraryAttempt attempt = open_vendor_library(options.vendor_folder);
      if (attempt.handle == nullptr) throw Error(ErrorCode::kUnavailable, attempt.problem);
      return start(attempt.handle, attempt.path, options.device_wait);
    } catch (const Error& error) {
      if (!options.allow_software_card) throw;
      reason = error.message();
    }
  }
  if (!options.allow_software_card) {
    throw Error(ErrorCode::kUnavailable, "Neither the card's runtime nor the software card may be used.");
  }
  std::string places;
  for (const fs::path& candidate : software_card_candidates()) {
    const LibraryAttempt attempt = open_library_file(candidate);
    if (attempt.handle != nullptr) {
      std::shared_ptr<Runtime> runtime = start(attempt.handle, attempt.path, options.device_wait);
      runtime->fallback_reason_ = reason;
      return runtime;
    }
    if (attempt.found) throw Error(ErrorCode::kUnavailable, attempt.problem);
    places += (places.empty() ? "" : " or ") + candidate.string();
  }
  throw Error(ErrorCode::kUnavailable,
              reason + (reason.empty() ? "" : " ") + "There is no software card at " + places + " either.");
}

std::shared_ptr<Runtime> Runtime::start(void* handle, const fs::path& library,
                                        std::chrono::milliseconds device_wait) {
  std::error_code ignored;
  fs::path key = fs::weakly_canonical(library, ignored);
  if (key.empty()) key = library;
  const std::lock_guard lock(open_runtimes().mutex);
  if (std::shared_ptr<Runtime> open = open_runtimes().by_library[key].lock()) return open;

  std::shared_ptr<Runtime> runtime(new Runtime);
  runtime->library_ = library;
  runtime->abi_ = std::make_unique<Abi>(resolve_abi(handle, library.string()));
  runtime->software_card_ = runtime->abi_->axllamaSoftcardCounters != nullptr;
  runtime->initialise();
  runtime->list_devices(device_wait);
  open_runtimes().by_library[key] = runtime;
  return runtime;
}

void Runtime::initialise() {
  config_ = std::make_unique<QuietConfig>();
  if (abi_->axclSetLogLevel != nullptr) abi_->axclSetLogLevel(kLogLevelOff);
  const AxclError code = abi_->axclInit(config_->file().empty() ? nullptr : config_->file().c_str());
  if (code == kAxclNoCard) {
    throw Error(
        ErrorCode::kUnavailable,
        "The AXCL runtime " + library_.string() + " finds no card: " + describe_axcl_error(code) + "; " +
            (software_card_ ? "the software card is set to have none" : probe_host().explanation()) + ".");
  }
  if (code != kAxclSuccess) {
    throw Error(ErrorCode::kUnavailable, "The AXCL runtime " + library_.string() +
                                             " cannot be initialised: " + describe_axcl_error(code) + ".");
  }
  initialised_ = true;
  if (abi_->axclSetLogLevel != nullptr) abi_->axclSetLogLevel(kLogLevelOff);
}

void Runtime::list_devices(std::chrono::milliseconds device_wait) {
  // The list can lag behind a boot or a reload of the driver.
  const bool worth_waiting = software_card_ || probe_host().may_have_card();
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    AxclDeviceList list{};
    const AxclError code = abi_->axclrtGetDeviceList(&list);
    if (code == kAxclSuccess && list.count > 0) {
      const auto count = std::min<std::size_t>(list.count, std::size(list.devices));
      devices_.assign(list.devices, list.devices + count);
      return;
    }
    const auto waited = std::chrono::steady_clock::now() - start;
    if (!worth_waiting || waited + kDeviceListInterval > device_wait) {
      if (code != kAxclSuccess) {
        Error error = axcl_error("The AXCL runtime " + library_.string() + " cannot list its cards", code);
        throw Error(ErrorCode::kUnavailable, error.message());
      }
      throw Error(ErrorCode::kUnavailable,
                  "The AXCL runtime " + library_.string() + " works but lists no card after " +
                      std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(waited).count()) +
                      " ms.");
    }
    std::this_thread::sleep_for(kDeviceListInterval);
  }
}

std::string Runtime::version() const {
  if (abi_->axclrtGetFullVersion != nullptr) {
    if (const char* text = abi_->axclrtGetFullVersion(); text != nullptr && *text != '\0') return text;
  }
  std::int32_t major = 0;
  std::int32_t minor = 0;
  std::int32_t patch = 0;
  if (abi_->axclrtGetVersion(&major, &minor, &patch) != kAxclSuccess) return "unknown";
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

std::string Runtime::soc_name() const {
  const char* name = abi_->axclrtGetSocName();
  return name == nullptr ? "unknown" : name;
}

bool Runtime::computes() const {
  return abi_->axllamaSoftcardComputes == nullptr || abi_->axllamaSoftcardComputes() != 0;
}

std::string Runtime::software_card_reason() const {
  if (abi_->axllamaSoftcardLastError == nullptr) return {};
  std::string text(1024, '\0');
  std::uint64_t needed = 0;
  if (abi_->axllamaSoftcardLastError(text.data(), text.size(), &needed) != kAxclSuccess) return {};
  text.resize(std::min(text.find('\0'), text.size()));
  return text;
}

std::string Runtime::text_of(TextFunction function, const char* what) {
  std::string json(4096, '\0');
  for (;;) {
    std::uint64_t needed = 0;
    const std::int32_t code = function(json.data(), json.size(), &needed);
    if (needed >= json.size()) {
      json.resize(needed + 1);
      continue;
    }
    check_axcl(code, what);
    json.resize(json.find('\0') == std::string::npos ? json.size() : json.find('\0'));
    return json;
  }
}

std::string Runtime::software_card_counters() const {
  return software_card_
             ? text_of(abi_->axllamaSoftcardCounters, "The software card does not give its counters")
             : "";
}

std::string Runtime::software_card_timing() const {
  return abi_->axllamaSoftcardTiming != nullptr
             ? text_of(abi_->axllamaSoftcardTiming, "The software card does not give its timing")
             : "";
}

}  // namespace axllama::axcl
