#include "axcl/runtime.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "axcl/testing/fake_library.h"
#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace axllama::axcl {
namespace {

namespace fs = std::filesystem;
using axllama::testing::TemporaryFolder;
using base::Error;
using base::ErrorCode;
using std::chrono::milliseconds;
using ::testing::AllOf;
using testing::fake_library_path;
using testing::FakeLibrary;
using ::testing::HasSubstr;
using testing::ScopedEnvironment;
using ::testing::StartsWith;

RuntimeOptions only(const fs::path& library) {
  RuntimeOptions options;
  options.library = library;
  options.device_wait = milliseconds(0);
  return options;
}

/// Options that look for the vendor's library in `folder` alone, with no software card to fall back to.
RuntimeOptions vendor_in(const fs::path& folder) {
  RuntimeOptions options;
  options.vendor_folder = folder;
  options.allow_software_card = false;
  options.device_wait = milliseconds(0);
  return options;
}

/// The message of the kUnavailable error that opening throws, and that it is thrown quickly.
std::string refusal(const RuntimeOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  try {
    Runtime::open(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnavailable);
    EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(500));
    return error.message();
  }
  ADD_FAILURE() << "the runtime opened";
  return {};
}

TEST(Runtime, OpensAGivenLibraryAndReadsItsDevicesOnce) {
  const FakeLibrary fake("full");
  {
    const auto runtime = Runtime::open(only(fake.path()));
    EXPECT_EQ(runtime->library(), fake.path());
    EXPECT_FALSE(runtime->is_software_card());
    EXPECT_EQ(runtime->version(), "V3.10.2_20251215140224");
    EXPECT_EQ(runtime->soc_name(), "AX650N");
    EXPECT_THAT(runtime->devices(), ::testing::ElementsAre(129));
    EXPECT_EQ(runtime->software_card_counters(), "");
    EXPECT_EQ(runtime->fallback_reason(), "");
  }
  EXPECT_EQ(fake.trace(),
            "axclSetLogLevel 6\naxclInit\naxclSetLogLevel 6\naxclrtGetDeviceList\naxclFinalize\n");
}

TEST(Runtime, OpensALibraryWithoutAnyOptionalFunction) {
  const FakeLibrary fake("minimal");
  const auto runtime = Runtime::open(only(fake.path()));
  EXPECT_EQ(runtime->version(), "2.26.1");
}

TEST(Runtime, TurnsTheLibrarysLoggingOffByAPrivateConfiguration) {
  const FakeLibrary fake("full");
  std::string log_file;
  {
    const auto runtime = Runtime::open(only(fake.path()));
    const std::string config = fake.init_config();
    EXPECT_THAT(config,
                AllOf(HasSubstr("\"level\": 6"), HasSubstr("axcl_logs.txt"), HasSubstr("\"dma buf size\"")));
    EXPECT_THAT(config, ::testing::Not(HasSubstr("/tmp/axcl/")));
    const std::size_t begin = config.find("\"path\": \"") + 9;
    log_file = config.substr(begin, config.find('"', begin) - begin);
    EXPECT_TRUE(fs::exists(fs::path(log_file).parent_path()));
  }
  EXPECT_FALSE(fs::exists(fs::path(log_file).parent_path()));
}

TEST(Runtime, SharesALibraryThatIsOpen) {
  const FakeLibrary fake("full");
  const auto first = Runtime::open(only(fake.path()));
  EXPECT_EQ(Runtime::open(only(fake.path())), first);
}

TEST(Runtime, NamesTheFunctionALibraryLacks) {
  EXPECT_EQ(refusal(only(fake_library_path("lacking"))),
            "The library " + fake_library_path("lacking").string() +
                " is not a usable AXCL runtime: it lacks the function "
                "axclrtMalloc.");
}

TEST(Runtime, SaysThatALibraryFindsNoCard) {
  const FakeLibrary fake("full");
  fake.fail("axclInit", 0x8030010B);
  EXPECT_THAT(refusal(only(fake.path())), AllOf(HasSubstr("finds no card"), HasSubstr("(0x8030010B)")));
  EXPECT_THAT(fake.trace(), ::testing::Not(HasSubstr("axclFinalize")));
}

TEST(Runtime, SaysThatALibraryCannotBeInitialised) {
  const FakeLibrary fake("full");
  fake.fail("axclInit", 0x80300606);
  EXPECT_THAT(refusal(only(fake.path())),
              AllOf(HasSubstr("cannot be initialised"), HasSubstr("runtime/config/06, busy (0x80300606)")));
}

TEST(Runtime, SaysThatALibraryListsNoCard) {
  const FakeLibrary fake("full");
  fake.set_device_count(0);
  EXPECT_THAT(refusal(only(fake.path())), HasSubstr("works but lists no card"));
  EXPECT_THAT(fake.trace(), HasSubstr("axclFinalize"));
}

TEST(Runtime, WaitsForACardThatAppearsLate) {
  const FakeLibrary fake("software");  // on a software card, waiting does not depend on this host's PCI bus
  fake.list_after(2);
  RuntimeOptions options = only(fake.path());
  options.device_wait = milliseconds(5000);
  EXPECT_EQ(Runtime::open(options)->devices().size(), 1U);
}

TEST(Runtime, SaysThatThereIsNoLibrary) {
  const TemporaryFolder empty;
  EXPECT_THAT(refusal(only(empty.path() / "libaxcl_rt.so")), HasSubstr("does not exist"));
  EXPECT_EQ(refusal(vendor_in(empty.path())),
            "The card's runtime is not installed: libaxcl_rt.so is neither on the loader's path nor in " +
                empty.path().string() + ".");
}

// In a process of its own: a chain that is loaded once stays, and would help later tests.
[[noreturn]] void load_chain() {
  const fs::path library = fake_library_path("chain");
  if (::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr) {
    std::fputs("the chain needs no help, so this proves nothing", stderr);
    std::exit(1);
  }
  const bool loaded = Runtime::open(vendor_in(library.parent_path()))->library() == library;
  std::exit(loaded ? 0 : 2);
}

TEST(RuntimeDeathTest, LoadsTheChainOfDependenciesInOrder) {
  EXPECT_EXIT(load_chain(), ::testing::ExitedWithCode(0), "");
}

TEST(Runtime, RefusesAChainThatLoadsOnlyInPart) {
  const TemporaryFolder folder;
  for (const char* name : {"libaxcl_rt.so", "libaxcl_pkg.so", "libaxcl_pcie_msg.so", "libaxcl_pcie_dma.so"}) {
    fs::copy_file(fake_library_path("chain").parent_path() / name, folder.path() / name);
  }
  std::ofstream(folder.path() / "libaxcl_comm.so") << "not a library";
  EXPECT_THAT(refusal(vendor_in(folder.path())),
              AllOf(HasSubstr("cannot be loaded completely"), HasSubstr("libaxcl_comm.so")));
}

TEST(Runtime, TakesTheLibraryFromTheEnvironment) {
  const FakeLibrary fake("full");
  const ScopedEnvironment environment("AXLLAMA_AXCL_LIBRARY", fake.path().string());
  RuntimeOptions options;
  options.device_wait = milliseconds(0);
  EXPECT_EQ(Runtime::open(options)->library(), fake.path());
}

TEST(Runtime, FallsBackToTheSoftwareCardAndSaysWhy) {
  const FakeLibrary vendor("full");
  const FakeLibrary software("software");
  vendor.fail("axclInit", 0x8030010B);
  const ScopedEnvironment environment("AXLLAMA_SOFTCARD_LIBRARY", software.path().string());
  RuntimeOptions options = vendor_in(vendor.path().parent_path());
  options.allow_software_card = true;
  const auto runtime = Runtime::open(options);
  EXPECT_EQ(runtime->library(), software.path());
  EXPECT_TRUE(runtime->is_software_card());
  EXPECT_THAT(runtime->fallback_reason(), HasSubstr("finds no card"));
  const std::string counters = runtime->software_card_counters();
  EXPECT_THAT(counters, StartsWith("{\"calls\":"));
  EXPECT_EQ(counters.size(), 5998U);
}

TEST(Runtime, PrefersACardToTheSoftwareCard) {
  const FakeLibrary vendor("full");
  const FakeLibrary software("software");
  const ScopedEnvironment environment("AXLLAMA_SOFTCARD_LIBRARY", software.path().string());
  RuntimeOptions options = vendor_in(vendor.path().parent_path());
  options.allow_software_card = true;
  EXPECT_EQ(Runtime::open(options)->library(), vendor.path());
}

TEST(Runtime, SaysWhatIsMissingWhenThereIsNeitherCardNorSoftwareCard) {
  const TemporaryFolder empty;
  const fs::path absent = empty.path() / "absent.so";
  const ScopedEnvironment environment("AXLLAMA_SOFTCARD_LIBRARY", absent.string());
  RuntimeOptions options = vendor_in(empty.path());
  options.allow_software_card = true;
  EXPECT_THAT(refusal(options),
              AllOf(HasSubstr("is not installed"), HasSubstr("no software card at " + absent.string())));
}

}  // namespace
}  // namespace axllama::axcl
