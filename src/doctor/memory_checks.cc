#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "doctor/host_checks.h"

namespace axllama::doctor {
namespace {

constexpr std::uint64_t kMebibyte = 1ULL << 20U;
constexpr std::uint64_t kLittleMemory = 512 * kMebibyte;
constexpr std::uint64_t kDmaBuffer = 4 * kMebibyte;  // the runtime takes two of them in every process
constexpr std::uint64_t kLargeCma = 1024 * kMebibyte;

/// A field of /proc/meminfo in bytes.
std::optional<std::uint64_t> meminfo(const HostView& host, const std::string& name) {
  std::istringstream file(host.text("/proc/meminfo"));
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name + ":", 0) == 0) {
      return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
    }
  }
  return std::nullopt;
}

Finding check_available(const HostView& host) {
  const auto available = meminfo(host, "MemAvailable");
  if (!available)
    return {"host-memory", Status::kNote, "The system does not tell how much memory is available.", {}};
  const std::string text = std::to_string(*available / kMebibyte) + " MiB of memory are available";
  if (*available < kLittleMemory) {
    return {"host-memory", Status::kWarning, text + "; loading a model wants at least 512 MiB.",
            "Stop other programs (ps aux --sort=-rss | head shows the largest)"};
  }
  return {"host-memory", Status::kOk, text + ".", {}};
}

/// Bytes in free runs of at least `size`.
std::uint64_t free_runs(const HostView& host, std::uint64_t size) {
  std::uint64_t bytes = 0;
  std::istringstream file(host.text("/proc/buddyinfo"));
  for (std::string line; std::getline(file, line);) {
    const std::size_t zone = line.find("zone");
    if (zone == std::string::npos) continue;
    std::istringstream counts(line.substr(zone + 4));
    std::string name;
    counts >> name;
    std::uint64_t run = host.page_bytes();
    for (std::uint64_t count = 0; counts >> count; run *= 2) {
      if (run >= size) bytes += count * run;
    }
  }
  return bytes;
}

Finding check_runs(const HostView& host) {
  if (host.text("/proc/buddyinfo").empty()) {
    return {"dma-memory", Status::kNote, "The system does not tell how fragmented its memory is.", {}};
  }
  const std::uint64_t bytes = free_runs(host, kDmaBuffer) + meminfo(host, "CmaFree").value_or(0);
  if (bytes < 2 * kDmaBuffer) {
    return {"dma-memory", Status::kWarning,
            "Memory is fragmented: there are no two free runs of 4 MiB for the runtime's DMA buffers "
            "(\"alloc pages failed\").",
            "echo 1 | sudo tee /proc/sys/vm/compact_memory"};
  }
  return {"dma-memory",
          Status::kOk,
          std::to_string(bytes / kMebibyte) + " MiB are free in runs that suit DMA.",
          {}};
}

/// Card memory is not taken from the host's CMA area; a large one only takes memory from everybody, and some
/// boards do not boot with it.
Finding check_cma(const HostView& host) {
  const std::uint64_t total = meminfo(host, "CmaTotal").value_or(0);
  if (total >= kLargeCma) {
    return {
        "cma", Status::kWarning,
        "A CMA area of " + std::to_string(total / kMebibyte) + " MiB is set aside; the card does not use it.",
        "Take cma=... out of the kernel's command line (/boot/firmware/cmdline.txt) and restart"};
  }
  return {"cma", Status::kOk, "The CMA area takes " + std::to_string(total / kMebibyte) + " MiB.", {}};
}

Finding check_huge_pages(const HostView& host) {
  const std::string setting = host.line("/sys/kernel/mm/transparent_hugepage/enabled");
  if (setting.empty()) {
    return {"huge-pages",
            Status::kNote,
            "The kernel has no huge pages; the software card reads weights slower.",
            {}};
  }
  if (setting.find("[never]") != std::string::npos) {
    return {"huge-pages", Status::kWarning,
            "Huge pages are switched off; the software card reads weights slower.",
            "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled"};
  }
  return {"huge-pages", Status::kOk, "Huge pages are there for the software card (" + setting + ").", {}};
}

}  // namespace

std::vector<Finding> check_memory(const HostView& host) {
  std::vector<Finding> findings{check_available(host)};
  if (!cards_on_the_bus(host).empty()) findings.push_back(check_runs(host));
  findings.push_back(check_cma(host));
  findings.push_back(check_huge_pages(host));
  return findings;
}

}  // namespace axllama::doctor
