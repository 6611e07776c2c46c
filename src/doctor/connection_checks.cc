#include <cstdlib>
#include <string>

#include "doctor/host_checks.h"

namespace axllama::doctor {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPciDevices = "/sys/bus/pci/devices";
constexpr const char* kVendorId = "0x1f4b";
constexpr const char* kNode = "/dev/axcl_host";
constexpr const char* kLogFolder = "/tmp/axcl";
constexpr const char* kLibrary = "/usr/lib/axcl/libaxcl_rt.so";
constexpr const char* kSecureBoot =
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
constexpr const char* kInstall = "sudo apt-get install --reinstall axclhost";
constexpr double kSecondGeneration = 5.0;  // GT/s; the card has no faster link

bool is_raspberry_pi(const HostView& host) {
  return host.line("/proc/device-tree/model").find("Raspberry Pi") != std::string::npos;
}

Finding check_presence(const HostView& host, const std::vector<std::string>& cards) {
  if (!cards.empty()) {
    std::string list;
    for (const std::string& address : cards) list += (list.empty() ? "" : ", ") + address;
    return {"pci-device",
            Status::kOk,
            std::to_string(cards.size()) + (cards.size() == 1 ? " card is" : " cards are") +
                " on the PCI bus (" + list + ").",
            {}};
  }
  if (host.exists(kLibrary) || host.exists(kNode)) {
    return {"pci-device", Status::kFailed,
            "The card's software is installed, but no card (PCI vendor 1f4b) is on the PCI bus.",
            is_raspberry_pi(host)
                ? "Check cable and power; then: echo dtparam=pciex1 | sudo tee -a /boot/firmware/config.txt "
                  "&& sudo reboot"
                : "Check seat and power of the card; then: echo 1 | sudo tee /sys/bus/pci/rescan"};
  }
  return {"pci-device", Status::kNote, "No card is on the PCI bus; models run on the software card.", {}};
}

Finding check_link(const HostView& host, const std::string& address) {
  const fs::path device = fs::path(kPciDevices) / address;
  const std::string speed = host.line(device / "current_link_speed");
  const std::string width = host.line(device / "current_link_width");
  if (speed.empty() || width.empty()) {
    return {
        "pcie-link", Status::kNote, "The system does not tell the speed of the link to " + address + ".", {}};
  }
  const std::string link =
      "The link to " + address + " runs at " + speed + " with " + width + (width == "1" ? " lane" : " lanes");
  if (std::strtod(speed.c_str(), nullptr) < kSecondGeneration) {
    return {"pcie-link", Status::kWarning, link + "; the card can do 5.0 GT/s, twice as much.",
            is_raspberry_pi(host)
                ? "echo dtparam=pciex1_gen=2 | sudo tee -a /boot/firmware/config.txt && sudo reboot"
                : "Choose PCIe generation 2 or \"auto\" for the slot in the firmware's settings"};
  }
  return {"pcie-link", Status::kOk, link + ".", {}};
}

Finding check_driver(const HostView& host) {
  if (host.exists(kNode)) return {"driver", Status::kOk, "The driver is loaded (/dev/axcl_host).", {}};
  const std::string secure_boot = host.text(kSecureBoot);
  if (!secure_boot.empty() && secure_boot.back() == '\1') {
    return {"driver", Status::kFailed,
            "The driver is not loaded (/dev/axcl_host does not exist), and Secure Boot refuses drivers that "
            "are not "
            "signed.",
            "Switch Secure Boot off in the firmware's settings; then: sudo modprobe axcl_host"};
  }
  return {"driver", Status::kFailed, "The driver is not loaded (/dev/axcl_host does not exist).",
          host.exists(kLibrary)
              ? "sudo modprobe axcl_host  (if it is unknown: sudo apt-get install linux-headers-$(uname "
                "-r) && " +
                    std::string(kInstall) + ")"
              : kInstall};
}

Finding check_node(const HostView& host) {
  if (host.may_use(kNode)) return {"permissions", Status::kOk, "This user may use /dev/axcl_host.", {}};
  return {"permissions", Status::kFailed, "This user may not read and write /dev/axcl_host.",
          "sudo chmod 666 /dev/axcl_host  (for good: echo 'KERNEL==\"axcl_host\", MODE=\"0666\"' | sudo tee "
          "/etc/udev/rules.d/99-axcl.rules)"};
}

Finding check_log_folder(const HostView& host) {
  if (!host.exists(kLogFolder) || host.may_use(kLogFolder)) {
    return {"log-folder", Status::kOk, "The runtime can write its log.", {}};
  }
  return {
      "log-folder", Status::kWarning,
      "The runtime's log folder /tmp/axcl belongs to another user; other programs may fail to load models.",
      "sudo chmod 777 /tmp/axcl"};
}

Finding check_library(const HostView& host) {
  if (host.exists(kLibrary)) {
    return {
        "runtime-files", Status::kOk, "The card's runtime is installed (/usr/lib/axcl/libaxcl_rt.so).", {}};
  }
  return {"runtime-files", Status::kFailed,
          "The card's runtime is not installed (no /usr/lib/axcl/libaxcl_rt.so).", kInstall};
}

}  // namespace

std::vector<std::string> cards_on_the_bus(const HostView& host) {
  std::vector<std::string> cards;
  for (const std::string& address : host.names(kPciDevices)) {
    if (host.line(fs::path(kPciDevices) / address / "vendor") == kVendorId) cards.push_back(address);
  }
  return cards;
}

std::vector<Finding> check_connection(const HostView& host) {
  const std::vector<std::string> cards = cards_on_the_bus(host);
  std::vector<Finding> findings{check_presence(host, cards)};
  if (cards.empty()) return findings;
  for (const std::string& address : cards) findings.push_back(check_link(host, address));
  findings.push_back(check_library(host));
  findings.push_back(check_driver(host));
  if (host.exists(kNode)) findings.push_back(check_node(host));
  findings.push_back(check_log_folder(host));
  return findings;
}

}  // namespace axllama::doctor
