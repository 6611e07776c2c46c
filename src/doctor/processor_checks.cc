#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "doctor/host_checks.h"

namespace axllama::doctor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProcessors = "/sys/devices/system/cpu";

/// Numbers of the processors there are.
std::vector<int> processors(const HostView& host) {
  std::vector<int> found;
  for (const std::string& name : host.names(kProcessors)) {
    int number = 0;
    if (name.rfind("cpu", 0) != 0) continue;
    const auto [end, error] = std::from_chars(name.data() + 3, name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) found.push_back(number);
  }
  std::sort(found.begin(), found.end());
  return found;
}

fs::path processor(int number) {
  return fs::path(kProcessors) / ("cpu" + std::to_string(number));
}

Finding check_governor(const HostView& host) {
  std::set<std::string> slow;
  bool known = false;
  for (const int number : processors(host)) {
    const std::string governor = host.line(processor(number) / "cpufreq/scaling_governor");
    known = known || !governor.empty();
    if (!governor.empty() && governor != "performance") slow.insert(governor);
  }
  if (!known)
    return {"governor", Status::kNote, "The processors' frequency is not in this system's hands.", {}};
  if (slow.empty()) return {"governor", Status::kOk, "The processors keep their full frequency.", {}};
  std::string list;
  for (const std::string& governor : slow) list += (list.empty() ? "" : ", ") + governor;
  return {"governor", Status::kWarning,
          "The processors' frequency governor is " + list +
              "; between two calls to the card they fall asleep, which costs up to half of the tokens per "
              "second.",
          "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor"};
}

/// "0-3,6" as numbers.
std::set<int> parse_list(const std::string& text) {
  std::set<int> numbers;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    int first = 0;
    const auto [dash, error] = std::from_chars(part.data(), part.data() + part.size(), first);
    if (error != std::errc()) continue;
    int last = first;
    if (dash != part.data() + part.size() && *dash == '-')
      std::from_chars(dash + 1, part.data() + part.size(), last);
    for (int number = first; number <= last; ++number) numbers.insert(number);
  }
  return numbers;
}

std::string format_list(const std::set<int>& numbers) {
  std::string text;
  for (const int number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

/// Where processors differ, the card's interrupts belong on the fast ones.
std::vector<Finding> check_interrupts(const HostView& host) {
  std::map<int, std::int64_t> capacity;
  std::int64_t best = 0;
  for (const int number : processors(host)) {
    capacity[number] = host.number(processor(number) / "cpu_capacity").value_or(0);
    best = std::max(best, capacity[number]);
  }
  std::set<int> fast;
  for (const auto& [number, value] : capacity) {
    if (value == best) fast.insert(number);
  }
  if (fast.size() == capacity.size()) return {};
  std::vector<Finding> findings;
  for (const std::string& address : cards_on_the_bus(host)) {
    for (const std::string& interrupt : host.names(fs::path("/sys/bus/pci/devices") / address / "msi_irqs")) {
      const fs::path file = fs::path("/proc/irq") / interrupt / "smp_affinity_list";
      const std::set<int> allowed = parse_list(host.line(file));
      if (allowed.empty()) continue;
      if (std::includes(fast.begin(), fast.end(), allowed.begin(), allowed.end())) {
        findings.push_back({"interrupts",
                            Status::kOk,
                            "Interrupt " + interrupt + " of the card is served by a fast processor.",
                            {}});
      } else {
        findings.push_back({"interrupts", Status::kWarning,
                            "Interrupt " + interrupt + " of the card may be served by a slow processor (" +
                                format_list(allowed) + ").",
                            "echo " + format_list(fast) + " | sudo tee " + file.string()});
      }
    }
  }
  return findings;
}

}  // namespace

std::vector<Finding> check_processors(const HostView& host) {
  if (cards_on_the_bus(host).empty()) return {};
  std::vector<Finding> findings{check_governor(host)};
  const std::vector<Finding> interrupts = check_interrupts(host);
  findings.insert(findings.end(), interrupts.begin(), interrupts.end());
  return findings;
}

}  // namespace axllama::doctor
