#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "softcard/abi/library_for_test.h"

namespace axllama::softcard {
namespace {

using testing::library_path;

// The 97 public names of the 3.10 release and two of the hidden ones.
const std::set<std::string>& public_names() {
  static const std::set<std::string> names = {
      "axclInit",
      "axclFinalize",
      "axclSetLogLevel",
      "axclAppLog",
      "axclrtGetVersion",
      "axclrtGetFullVersion",
      "axclrtGetSocName",
      "axclrtGetDeviceList",
      "axclrtGetDeviceCount",
      "axclrtSetDevice",
      "axclrtResetDevice",
      "axclrtRebootDevice",
      "axclrtGetDevice",
      "axclrtSynchronizeDevice",
      "axclrtGetDeviceProperties",
      "axclrtCreateContext",
      "axclrtDestroyContext",
      "axclrtSetCurrentContext",
      "axclrtGetCurrentContext",
      "axclrtGetDefaultContext",
      "axclrtCreateStream",
      "axclrtDestroyStream",
      "axclrtDestroyStreamForce",
      "axclrtSynchronizeStream",
      "axclrtSynchronizeStreamWithTimeout",
      "axclrtCreateEvent",
      "axclrtDestroyEvent",
      "axclrtRecordEvent",
      "axclrtStreamWaitEvent",
      "axclrtStreamWaitEventWithTimeout",
      "axclrtMalloc",
      "axclrtMallocCached",
      "axclrtFree",
      "axclrtMallocHost",
      "axclrtFreeHost",
      "axclrtMemcpy",
      "axclrtMemset",
      "axclrtMemcmp",
      "axclrtMemFlush",
      "axclrtMemInvalidate",
      "axclrtMemcpyAsync",
      "axclrtMemsetAsync",
      "axclrtMemcmpAsync",
      "axclrtEngineInit",
      "axclrtEngineFinalize",
      "axclrtEngineGetVNpuKind",
      "axclrtEngineLoadFromFile",
      "axclrtEngineLoadFromMem",
      "axclrtEngineUnload",
      "axclrtEngineCreateContext",
      "axclrtEngineGetModelCompilerVersion",
      "axclrtEngineSetAffinity",
      "axclrtEngineGetAffinity",
      "axclrtEngineSetContextAffinity",
      "axclrtEngineGetContextAffinity",
      "axclrtEngineGetUsage",
      "axclrtEngineGetUsageFromMem",
      "axclrtEngineGetUsageFromModelId",
      "axclrtEngineGetModelType",
      "axclrtEngineGetModelTypeFromMem",
      "axclrtEngineGetModelTypeFromModelId",
      "axclrtEngineGetIOInfo",
      "axclrtEngineDestroyIOInfo",
      "axclrtEngineGetShapeGroupsCount",
      "axclrtEngineGetNumInputs",
      "axclrtEngineGetNumOutputs",
      "axclrtEngineGetInputSizeByIndex",
      "axclrtEngineGetOutputSizeByIndex",
      "axclrtEngineGetInputNameByIndex",
      "axclrtEngineGetOutputNameByIndex",
      "axclrtEngineGetInputIndexByName",
      "axclrtEngineGetOutputIndexByName",
      "axclrtEngineGetInputDims",
      "axclrtEngineGetOutputDims",
      "axclrtEngineGetInputDataType",
      "axclrtEngineGetOutputDataType",
      "axclrtEngineGetInputDataLayout",
      "axclrtEngineGetOutputDataLayout",
      "axclrtEngineCreateIO",
      "axclrtEngineDestroyIO",
      "axclrtEngineSetInputBufferByIndex",
      "axclrtEngineSetOutputBufferByIndex",
      "axclrtEngineSetInputBufferByName",
      "axclrtEngineSetOutputBufferByName",
      "axclrtEngineGetInputBufferByIndex",
      "axclrtEngineGetOutputBufferByIndex",
      "axclrtEngineGetInputBufferByName",
      "axclrtEngineGetOutputBufferByName",
      "axclrtEngineSetDynamicBatchSize",
      "axclrtEngineExecute",
      "axclrtEngineExecuteAsync",
      "axclrtTransferFile",
      "axclrtExecWorker",
      "axclrtKillWorker",
      "axclrtWorkerSend",
      "axclrtWorkerRecv",
      "axclrtControlChangePCIeSubId",
      "axclrtCreateP2PUnit",
      "axclrtDestoryP2PUnit",
  };
  return names;
}

std::vector<std::string> lines_of(const std::string& command) {
  std::vector<std::string> lines;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string line;
  for (int c = 0; pipe && (c = std::fgetc(pipe.get())) != EOF;) {
    if (c == '\n') {
      lines.push_back(std::exchange(line, {}));
    } else {
      line += static_cast<char>(c);
    }
  }
  return lines;
}

TEST(ExportsTest, EveryPublicNameIsThere) {
  EXPECT_EQ(public_names().size(), 99U);
  for (const std::string& name : public_names()) {
    EXPECT_NE(dlsym(testing::library(), name.c_str()), nullptr) << name;
  }
}

TEST(ExportsTest, NothingElseShows) {
  const auto lines = lines_of("nm -D --defined-only " + library_path());
  ASSERT_GE(lines.size(), public_names().size());
  for (const std::string& line : lines) {
    const std::string name = line.substr(line.rfind(' ') + 1);
    EXPECT_TRUE(public_names().contains(name) || name.starts_with("axllamaSoftcard")) << name;
  }
}

TEST(ExportsTest, NamesItselfLikeTheVendorsLibraryAndNeedsOnlyTheSystem) {
  std::set<std::string> needed;
  std::string soname;
  for (const std::string& line : lines_of("readelf -d " + library_path())) {
    const auto open = line.find('[');
    const auto close = line.find(']');
    if (open == std::string::npos || close == std::string::npos) {
      continue;
    }
    const std::string name = line.substr(open + 1, close - open - 1);
    if (line.find("(NEEDED)") != std::string::npos) {
      needed.insert(name.substr(0, name.find(".so")));
    } else if (line.find("(SONAME)") != std::string::npos) {
      soname = name;
    }
  }
  EXPECT_EQ(soname, "libaxcl_rt.so");
  EXPECT_TRUE(needed.contains("libc"));
  for (const std::string& name : needed) {
    EXPECT_THAT(name, ::testing::AnyOf("libc", "libm", "libstdc++", "libgcc_s", "libpthread", "libasan",
                                       "libubsan", "libtsan", "ld-linux-x86-64", "ld-linux-aarch64"));
  }
}

}  // namespace
}  // namespace axllama::softcard
