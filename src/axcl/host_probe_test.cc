#include "axcl/host_probe.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

namespace axllama::axcl {
namespace {

namespace fs = std::filesystem;

class HostProbeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) / ("host_probe_" + std::to_string(::getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "pci");
  }
  void TearDown() override { fs::remove_all(root_); }

  void add_pci_device(const std::string& address, const std::string& vendor) {
    fs::create_directories(root_ / "pci" / address);
    std::ofstream(root_ / "pci" / address / "vendor") << vendor << "\n";
  }
  void add_driver() { std::ofstream(root_ / "axcl_host") << ""; }
  HostProbe probe() const { return probe_host(root_ / "axcl_host", root_ / "pci"); }

  fs::path root_;
};

TEST_F(HostProbeTest, NothingPluggedIn) {
  add_pci_device("0000:00:00.0", "0x8086");
  EXPECT_FALSE(probe().may_have_card());
  EXPECT_EQ(probe().explanation(), "no card is on the PCI bus");
}

TEST_F(HostProbeTest, CardWithoutDriver) {
  add_pci_device("0000:01:00.0", "0x1f4b");
  EXPECT_FALSE(probe().may_have_card());
  EXPECT_NE(probe().explanation().find("its driver is not loaded"), std::string::npos);
}

TEST_F(HostProbeTest, CardAndDriver) {
  add_pci_device("0000:01:00.0", "0x1f4b");
  add_driver();
  EXPECT_TRUE(probe().may_have_card());
}

TEST_F(HostProbeTest, DriverWithoutCardIsNotWorthWaitingFor) {
  add_driver();
  EXPECT_FALSE(probe().may_have_card());
}

TEST_F(HostProbeTest, UnreadableBusLeavesTheDriverToDecide) {
  add_driver();
  EXPECT_TRUE(probe_host(root_ / "axcl_host", root_ / "absent").may_have_card());
  EXPECT_FALSE(probe_host(root_ / "other", root_ / "absent").may_have_card());
}

}  // namespace
}  // namespace axllama::axcl
