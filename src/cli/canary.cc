#include "cli/canary.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "axcl/card.h"
#include "axcl/runtime.h"
#include "base/error.h"
#include "inference/canary.h"
#include "model/package.h"

namespace axllama::cli {
namespace {

using base::Error;
using base::ErrorCode;

/// Zero when the system does not tell.
std::uint64_t available_memory() {
  std::ifstream file("/proc/meminfo");
  constexpr std::uint64_t kKilobyte = 1024;
  for (std::string name, unit; file >> name;) {
    std::uint64_t kilobytes = 0;
    file >> kilobytes;
    std::getline(file, unit);
    if (name == "MemAvailable:") return kilobytes * kKilobyte;
  }
  return 0;
}

void record(const std::filesystem::path& folder, std::uint64_t bytes) {
  if (const std::uint64_t available = available_memory(); available != 0 && bytes > available) {
    throw Error(ErrorCode::kResourceExhausted, "The package takes " + std::to_string(bytes) +
                                                   " bytes of memory, and " + std::to_string(available) +
                                                   " are available.");
  }
  axcl::RuntimeOptions options;
  options.allow_vendor = false;
  const auto runtime = axcl::Runtime::open(options);
  if (!runtime->computes()) {
    throw Error(ErrorCode::kUnsupported, "The software card is set to compute nothing.");
  }
  axcl::Card card(runtime, 0);
  const auto engine = inference::Engine::load(card, model::Package::open(folder));
  model::write_canary(folder / model::kCanaryFile,
                      inference::record_canary(*engine, {}, "axllama compile " AXLLAMA_VERSION));
}

}  // namespace

void add_canary(const std::filesystem::path& package, std::uint64_t bytes) {
  try {
    record(package, bytes);
  } catch (const Error& error) {
    std::fprintf(stderr, "No canary was recorded: %s The server will do so at the first load.\n",
                 error.message().c_str());
  }
}

}  // namespace axllama::cli
