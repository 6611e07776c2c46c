#include "axcl/host_probe.h"

#include <fstream>
#include <system_error>

namespace axllama::axcl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kVendorId = "0x1f4b";

}  // namespace

std::string HostProbe::explanation() const {
  if (pci_known && !pci_device) return "no card is on the PCI bus";
  if (!driver_node) {
    return pci_device
               ? "a card is on the PCI bus, but its driver is not loaded (/dev/axcl_host does not exist)"
               : "the driver is not loaded (/dev/axcl_host does not exist)";
  }
  return "the driver is loaded (/dev/axcl_host exists), but it does not give access to a card";
}

HostProbe probe_host(const fs::path& device_node, const fs::path& pci_devices) {
  HostProbe probe;
  std::error_code error;
  probe.driver_node = fs::exists(device_node, error);
  fs::directory_iterator devices(pci_devices, error);
  if (error) return probe;
  probe.pci_known = true;
  for (const auto& device : devices) {
    std::ifstream file(device.path() / "vendor");
    std::string vendor;
    if (file >> vendor && vendor == kVendorId) probe.pci_device = true;
  }
  return probe;
}

}  // namespace axllama::axcl
