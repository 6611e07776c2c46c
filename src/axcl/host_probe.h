#pragma once

#include <filesystem>
#include <string>

namespace axllama::axcl {

/// What the host itself says about a card, without asking the runtime.
struct HostProbe {
  bool driver_node = false;  // /dev/axcl_host exists
  bool pci_known = false;    // the PCI bus could be read
  bool pci_device = false;   // a device of the card's vendor (1f4b) is on it

  /// False only where the host is sure: then waiting for a card to be enumerated is pointless.
  bool may_have_card() const noexcept { return driver_node && (pci_device || !pci_known); }
  /// Why there is no card, as the end of a sentence ("the driver is not loaded, and ...").
  std::string explanation() const;
};

HostProbe probe_host(const std::filesystem::path& device_node = "/dev/axcl_host",
                     const std::filesystem::path& pci_devices = "/sys/bus/pci/devices");

}  // namespace axllama::axcl
