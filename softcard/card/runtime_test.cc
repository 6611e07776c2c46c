#include "softcard/card/runtime.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "softcard/card/error.h"
#include "softcard/card/fake_program.h"
#include "softcard/card/transfer.h"

namespace axllama::softcard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

template <typename Body>
std::int32_t code_of(Body body) {
  try {
    body();
    return 0;
  } catch (const CardError& error) {
    return error.code();
  }
}

class RuntimeTest : public ::testing::Test {
 protected:
  void init(std::vector<std::int32_t> devices = {1}) {
    Settings settings;
    settings.devices = std::move(devices);
    settings.quiet = true;
    settings.cmm_bytes = 64ULL << 20U;
    runtime.init(settings);
  }

  Runtime runtime{testing::load_fake};
};

TEST_F(RuntimeTest, BeforeInitThereIsNoCard) {
  EXPECT_THAT(runtime.device_ids(), IsEmpty());
  EXPECT_EQ(code_of([&] { runtime.set_device(1); }), code::kDeviceInvalidId);
  EXPECT_EQ(code_of([&] { runtime.current(); }), code::kNoContextBound);
}

TEST_F(RuntimeTest, WithoutDevicesInitFailsAsOftenAsItIsTried) {
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(code_of([&] { init({}); }), code::kDeviceOpen);
  }
  init({1});
  EXPECT_THAT(runtime.device_ids(), ElementsAre(1));
}

TEST_F(RuntimeTest, IdsAreBusNumbersNotIndices) {
  init({1, 129});
  EXPECT_THAT(runtime.device_ids(), ElementsAre(1, 129));
  EXPECT_EQ(code_of([&] { runtime.set_device(0); }), code::kDeviceInvalidId);
  runtime.set_device(129);
  EXPECT_EQ(runtime.current()->device().id(), 129);
}

TEST_F(RuntimeTest, ContextsBelongToThreads) {
  init();
  runtime.set_device(1);
  void* const mine = runtime.current_handle();
  std::jthread([&] {
    EXPECT_EQ(code_of([&] { runtime.current(); }), code::kNoContextBound);
    runtime.set_current_context(mine);
    EXPECT_EQ(runtime.current_handle(), mine);
    void* const own = runtime.create_context(1);
    EXPECT_NE(own, mine);
    EXPECT_EQ(runtime.current_handle(), own);
    runtime.set_device(1);
    EXPECT_EQ(runtime.current_handle(), mine);
  }).join();
  EXPECT_EQ(runtime.current_handle(), mine);
  EXPECT_EQ(runtime.default_context(1), mine);
}

TEST_F(RuntimeTest, DestroyedAndInventedContextsAreErrors) {
  init();
  void* const handle = runtime.create_context(1);
  runtime.destroy_context(handle);
  EXPECT_EQ(code_of([&] { runtime.current(); }), code::kNoContextBound);
  EXPECT_EQ(code_of([&] { runtime.destroy_context(handle); }), code::kContextIllegal);
  EXPECT_EQ(code_of([&] { runtime.set_current_context(&runtime); }), code::kContextIllegal);
  EXPECT_EQ(code_of([&] { runtime.set_current_context(nullptr); }), code::kContextNull);
  const auto reports = runtime.services().reports.all();
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_THAT(reports[0].text, HasSubstr("destroyed before"));
}

TEST_F(RuntimeTest, ResetCountsWhatSetCounted) {
  init();
  runtime.set_device(1);
  runtime.set_device(1);
  runtime.reset_device(1);
  EXPECT_EQ(code_of([&] { runtime.current(); }), 0);
  runtime.reset_device(1);
  EXPECT_EQ(code_of([&] { runtime.current(); }), code::kNoContextBound);
  EXPECT_EQ(code_of([&] { runtime.reset_device(1); }), code::kDeviceNotActive);
  EXPECT_EQ(code_of([&] { runtime.default_context(1); }), code::kDeviceNotActive);
}

TEST_F(RuntimeTest, TheEngineIsInitialisedOncePerCard) {
  init({1, 2});
  runtime.set_device(1);
  Device& first = runtime.current()->device();
  EXPECT_EQ(code_of([&] { first.engine_kind(); }), code::kEngineFail);
  first.engine_init(2);
  EXPECT_EQ(first.engine_kind(), 2);
  EXPECT_EQ(code_of([&] { first.engine_init(0); }), code::kEngineFail);
  runtime.set_device(2);
  EXPECT_EQ(code_of([&] { runtime.current()->device().engine_init(0); }), 0);
}

TEST_F(RuntimeTest, FinalizeReportsAndReleasesWhatIsLeft) {
  init();
  runtime.set_device(1);
  auto device = runtime.device(1);
  device->engine_init(0);
  device->memory().allocate(1000, false);
  runtime.create_context(1);
  runtime.streams().add(std::make_shared<CardStream>(device));
  runtime.infos().add(std::make_shared<IoInfo>());
  runtime.finalize();
  const auto reports = runtime.services().reports.all();
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_EQ(reports[0].kind, "leak");
  EXPECT_EQ(reports[0].text,
            "axclFinalize finds on card 1 not released: 1 stream, 1 context, 1 memory block of 1000 bytes "
            "together.");
  EXPECT_EQ(reports[1].text, "axclFinalize finds on the host not released: 1 IO info.");
  EXPECT_EQ(device->memory().used(), 0U);
  EXPECT_THAT(runtime.device_ids(), IsEmpty());
}

TEST_F(RuntimeTest, NothingLeftIsNotReported) {
  init();
  runtime.set_device(1);
  void* const context = runtime.create_context(1);
  auto device = runtime.device(1);
  device->memory().release(device->memory().allocate(1000, false)->address());
  runtime.destroy_context(context);
  runtime.reset_device(1);
  runtime.finalize();
  EXPECT_THAT(runtime.services().reports.all(), IsEmpty());
}

TEST_F(RuntimeTest, FinalizeWritesTheCounters) {
  const auto path =
      std::filesystem::temp_directory_path() / ("counters_" + std::to_string(::getpid()) + ".json");
  Settings settings;
  settings.counters_file = path;
  settings.quiet = true;
  runtime.init(settings);
  runtime.services().counters.add_bytes(Transfer::kHostToDevice, 42);
  runtime.finalize();
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  std::filesystem::remove(path);
  EXPECT_THAT(text.str(), HasSubstr(R"("host_to_device":42)"));
}

TEST_F(RuntimeTest, AModelCountsAgainstTheCardAndItsFileMomentarily) {
  init();
  runtime.set_device(1);
  auto device = runtime.device(1);
  device->engine_init(0);
  const auto path = std::filesystem::temp_directory_path() / ("layer_" + std::to_string(::getpid()));
  const auto write = [&](std::size_t size) {
    std::string text = "layer";
    text.resize(size, ' ');
    std::ofstream(path, std::ios::binary) << text;
  };
  constexpr std::size_t kMib = 1U << 20U;
  write(40 * kMib);  // needs 80 of 64 MiB while it loads
  EXPECT_EQ(code_of([&] { runtime.models().load_file(device, path); }), code::kEngineDecode);
  EXPECT_EQ(device->memory().used(), 0U);
  write(30 * kMib);
  const auto id = runtime.models().load_file(device, path);
  EXPECT_EQ(device->memory().used(), 30 * kMib);
  EXPECT_EQ(code_of([&] { runtime.models().load_file(device, path); }), code::kEngineDecode);
  runtime.models().unload(id, *device);
  EXPECT_EQ(device->memory().used(), 0U);
  EXPECT_EQ(code_of([&] { runtime.models().unload(id, *device); }), code::kEngineIllegal);
  std::ofstream(path, std::ios::binary) << "something else";
  EXPECT_EQ(code_of([&] { runtime.models().load_file(device, path); }), code::kEngineIllegal);
  EXPECT_EQ(runtime.services().reports.all().back().kind, "load");
  std::filesystem::remove(path);
  EXPECT_EQ(code_of([&] { runtime.models().load_file(device, path); }), code::kEngineIllegal);
}

TEST_F(RuntimeTest, AModelOfAnotherCardIsNamed) {
  init({1, 2});
  runtime.set_device(1);
  auto first = runtime.device(1);
  first->engine_init(0);
  const auto block = first->memory().allocate(5, false);
  std::memcpy(block->data(), "layer", 5);
  const auto id = runtime.models().load_memory(first, reinterpret_cast<const void*>(block->address()), 5);
  EXPECT_EQ(code_of([&] { runtime.models().find(id, *runtime.device(2)); }), code::kEngineIllegal);
  EXPECT_EQ(runtime.services().reports.all().back().kind, "context");
  EXPECT_EQ(code_of([&] { runtime.models().find(id, *first); }), 0);
}

}  // namespace
}  // namespace axllama::softcard
