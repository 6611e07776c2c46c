// Hosts with one defect each, as folders.

#include "doctor/host_checks.h"

#include <algorithm>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace axllama::doctor {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kCard = "/sys/bus/pci/devices/0001:01:00.0";

/// A healthy Raspberry Pi 5 with a card.
class HostChecksTest : public ::testing::Test {
 protected:
  HostChecksTest() : root_(fs::path(::testing::TempDir()) / ("doctor_" + std::to_string(::getpid()))) {
    fs::remove_all(root_);
    host_ = {root_, 4096, [this](const fs::path& path) { return path != forbidden_; }};
    put("/proc/device-tree/model", std::string("Raspberry Pi 5 Model B Rev 1.0\0", 31));
    put(std::string(kCard) + "/vendor", "0x1f4b\n");
    put(std::string(kCard) + "/current_link_speed", "5.0 GT/s PCIe\n");
    put(std::string(kCard) + "/current_link_width", "1\n");
    put(std::string(kCard) + "/msi_irqs/101", "msi\n");
    put("/sys/bus/pci/devices/0001:00:00.0/vendor", "0x14e4\n");
    put("/dev/axcl_host", "");
    put("/usr/lib/axcl/libaxcl_rt.so", "");
    put("/proc/meminfo",
        "MemTotal: 8000000 kB\nMemAvailable:    6000000 kB\nCmaTotal:  65536 kB\nCmaFree: 20000 kB\n");
    put("/proc/buddyinfo", "Node 0, zone DMA 1 1 1 1 1 1 1 1 1 1 40\n");
    put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    for (int cpu = 0; cpu < 4; ++cpu) set_cpu(cpu, "performance", cpu < 2 ? 400 : 1024);
    put("/proc/irq/101/smp_affinity_list", "2-3\n");
  }
  ~HostChecksTest() override { fs::remove_all(root_); }

  void put(const std::string& path, const std::string& content) const {
    const fs::path file = root_ / fs::path(path).relative_path();
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
  }
  void remove(const std::string& path) const { fs::remove_all(root_ / fs::path(path).relative_path()); }
  void set_cpu(int cpu, const std::string& governor, int capacity) const {
    const std::string folder = "/sys/devices/system/cpu/cpu" + std::to_string(cpu);
    put(folder + "/cpufreq/scaling_governor", governor + "\n");
    put(folder + "/cpu_capacity", std::to_string(capacity) + "\n");
  }
  void forbid(const std::string& path) { forbidden_ = path; }

  /// The one finding of a check; fails when there is none.
  Finding finding(const std::string& check) const {
    for (const Finding& found : check_host(host_)) {
      if (found.check == check) return found;
    }
    ADD_FAILURE() << "nothing was found about " << check;
    return {};
  }
  std::vector<std::string> complaints() const {
    std::vector<std::string> list;
    for (const Finding& found : check_host(host_)) {
      if (found.status == Status::kWarning || found.status == Status::kFailed) list.push_back(found.text);
    }
    return list;
  }
  void expect_complaint(const std::string& check, Status status, const std::string& words,
                        const std::string& mend) const {
    const Finding found = finding(check);
    EXPECT_EQ(found.status, status) << found.text;
    EXPECT_THAT(found.text, HasSubstr(words));
    EXPECT_THAT(found.mend, HasSubstr(mend));
    EXPECT_EQ(complaints().size(), 1U) << "one defect, one complaint";
  }

 private:
  fs::path root_;
  fs::path forbidden_;
  HostView host_;
};

TEST_F(HostChecksTest, AHealthyHostHasNothingToMend) {
  EXPECT_THAT(complaints(), IsEmpty());
  EXPECT_EQ(finding("pci-device").text, "1 card is on the PCI bus (0001:01:00.0).");
  EXPECT_EQ(finding("pcie-link").status, Status::kOk);
  EXPECT_EQ(finding("interrupts").status, Status::kOk);
}

TEST_F(HostChecksTest, AHostWithoutACardIsFineToo) {
  remove(kCard);
  remove("/dev/axcl_host");
  remove("/usr/lib/axcl");
  set_cpu(0, "powersave", 1024);
  EXPECT_EQ(finding("pci-device").status, Status::kNote);
  EXPECT_THAT(complaints(), IsEmpty()) << "the governor matters to cards only";
}

TEST_F(HostChecksTest, SoftwareWithoutItsCard) {
  remove(kCard);
  expect_complaint("pci-device", Status::kFailed, "no card", "dtparam=pciex1");
}

TEST_F(HostChecksTest, ASlowLink) {
  put(std::string(kCard) + "/current_link_speed", "2.5 GT/s PCIe\n");
  expect_complaint("pcie-link", Status::kWarning, "2.5 GT/s PCIe with 1 lane", "pciex1_gen=2");
}

TEST_F(HostChecksTest, NoDriver) {
  remove("/dev/axcl_host");
  expect_complaint("driver", Status::kFailed, "not loaded", "sudo modprobe axcl_host");
}

TEST_F(HostChecksTest, NoDriverBecauseOfSecureBoot) {
  remove("/dev/axcl_host");
  put("/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
      std::string("\6\0\0\0\1", 5));
  expect_complaint("driver", Status::kFailed, "Secure Boot", "Secure Boot off");
}

TEST_F(HostChecksTest, ANodeThatIsNotOurs) {
  forbid("/dev/axcl_host");
  expect_complaint("permissions", Status::kFailed, "/dev/axcl_host", "sudo chmod 666 /dev/axcl_host");
}

TEST_F(HostChecksTest, ALogFolderOfAnotherUser) {
  put("/tmp/axcl/axcl_logs.txt", "");
  forbid("/tmp/axcl");
  expect_complaint("log-folder", Status::kWarning, "/tmp/axcl", "sudo chmod 777 /tmp/axcl");
}

TEST_F(HostChecksTest, NoRuntime) {
  remove("/usr/lib/axcl");
  expect_complaint("runtime-files", Status::kFailed, "not installed", "apt-get install --reinstall axclhost");
}

TEST_F(HostChecksTest, LittleMemory) {
  put("/proc/meminfo", "MemAvailable:    200000 kB\n");
  expect_complaint("host-memory", Status::kWarning, "195 MiB", "ps aux");
}

TEST_F(HostChecksTest, FragmentedMemory) {
  put("/proc/meminfo", "MemAvailable:    6000000 kB\nCmaFree: 4096 kB\n");
  put("/proc/buddyinfo",
      "Node 0, zone DMA 9000 900 90 9 9 9 9 9 9 9 0\nNode 0, zone Normal 9 9 9 9 9 9 9 9 9 9 0\n");
  expect_complaint("dma-memory", Status::kWarning, "fragmented", "compact_memory");
}

TEST_F(HostChecksTest, ALargeCmaArea) {
  put("/proc/meminfo", "MemAvailable:    6000000 kB\nCmaTotal: 2097152 kB\n");
  expect_complaint("cma", Status::kWarning, "2048 MiB", "cmdline.txt");
}

TEST_F(HostChecksTest, NoHugePages) {
  put("/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
  expect_complaint("huge-pages", Status::kWarning, "switched off", "echo madvise");
}

TEST_F(HostChecksTest, ASleepyGovernor) {
  set_cpu(1, "ondemand", 400);
  expect_complaint("governor", Status::kWarning, "ondemand", "echo performance");
}

TEST_F(HostChecksTest, InterruptsOnASlowProcessor) {
  put("/proc/irq/101/smp_affinity_list", "0-3\n");
  expect_complaint("interrupts", Status::kWarning, "(0,1,2,3)",
                   "echo 2,3 | sudo tee /proc/irq/101/smp_affinity_list");
}

TEST_F(HostChecksTest, ThisHostCanBeChecked) {
  for (const Finding& found : check_host()) {
    EXPECT_FALSE(found.check.empty());
    EXPECT_FALSE(found.text.empty());
    EXPECT_EQ(found.mend.empty(), found.status == Status::kOk || found.status == Status::kNote) << found.text;
  }
}

}  // namespace
}  // namespace axllama::doctor
