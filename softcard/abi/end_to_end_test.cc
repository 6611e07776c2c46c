// A small model with real arithmetic, driven through the shared library as the runners drive a card.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "softcard/abi/library_for_test.h"
#include "softcard/abi/tiny_model_for_test.h"

namespace axllama::softcard {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TinyShape;

constexpr int kLayers = 3;
constexpr std::uint16_t kHidden = 0xC780;  // -65536
constexpr auto kUp = static_cast<axclrtMemcpyKind>(1);
constexpr auto kDown = static_cast<axclrtMemcpyKind>(2);

const TinyShape& shape() {
  static const TinyShape tiny;
  return tiny;
}

std::size_t hidden() {
  return static_cast<std::size_t>(shape().hidden);
}
std::size_t slots() {
  return static_cast<std::size_t>(shape().slots);
}
std::size_t kv() {
  return static_cast<std::size_t>(shape().kv());
}
std::size_t rows() {
  return static_cast<std::size_t>(shape().chunk);
}
std::size_t vocab() {
  return static_cast<std::size_t>(shape().vocab);
}

/// Model files for the length of the test program.
class Files {
 public:
  Files() : folder_(std::filesystem::temp_directory_path() / ("softcard_" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    for (int layer = 0; layer < kLayers; ++layer) {
      testing::write_tiny_layer(this->layer(layer), shape(), static_cast<std::uint32_t>(layer));
    }
    testing::write_tiny_head(head(), shape(), 99);
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  std::string layer(int index) const {
    return folder_ / ("tiny_p64_l" + std::to_string(index) + "_together.axmodel");
  }
  std::string head() const { return folder_ / "tiny_post.axmodel"; }
  std::filesystem::path folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

nlohmann::json counters() {
  return nlohmann::json::parse(testing::read_text(AXCL(axllamaSoftcardCounters)));
}

class EndToEndTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(AXCL(axllamaSoftcardConfigure)(R"({"quiet":true})"), 0);
    ASSERT_EQ(AXCL(axclInit)(nullptr), 0);
    ASSERT_EQ(AXCL(axclrtSetDevice)(1), 0);
    ASSERT_EQ(AXCL(axclrtEngineInit)({}), 0);
    AXCL(axllamaSoftcardClearReports)();
  }
  void TearDown() override {
    EXPECT_EQ(AXCL(axclFinalize)(), 0);
    AXCL(axllamaSoftcardConfigure)(nullptr);
  }

  void* allocate(std::size_t bytes, bool zero = true) {
    void* address = nullptr;
    EXPECT_EQ(AXCL(axclrtMalloc)(&address, bytes, {}), 0);
    if (zero) {
      EXPECT_EQ(AXCL(axclrtMemset)(address, 0, bytes), 0);
    }
    return address;
  }
  static void* offset(void* address, std::size_t bytes) {
    return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(address) + bytes);
  }
  template <typename Value>
  void upload(void* address, const std::vector<Value>& values) {
    ASSERT_EQ(AXCL(axclrtMemcpy)(address, values.data(), values.size() * sizeof(Value), kUp), 0);
  }
  std::vector<std::uint16_t> download(void* address, std::size_t count) {
    std::vector<std::uint16_t> values(count);
    EXPECT_EQ(AXCL(axclrtMemcpy)(values.data(), address, count * 2, kDown), 0);
    return values;
  }

  inline static Files* files = new Files();
  static void TearDownTestSuite() { delete std::exchange(files, nullptr); }
};

/// A model with its engine context and IO info.
struct Loaded {
  std::uint64_t model = 0;
  std::uint64_t context = 0;
  axclrtEngineIOInfo info = nullptr;

  explicit Loaded(std::uint64_t id) : model(id) {
    EXPECT_EQ(AXCL(axclrtEngineCreateContext)(model, &context), 0);
    EXPECT_EQ(AXCL(axclrtEngineGetIOInfo)(model, &info), 0);
  }
  static Loaded from_file(const std::string& path) {
    std::uint64_t id = 0;
    EXPECT_EQ(AXCL(axclrtEngineLoadFromFile)(path.c_str(), &id), 0)
        << testing::read_text(AXCL(axllamaSoftcardLastError));
    return Loaded(id);
  }
  axclrtEngineIO io() const {
    axclrtEngineIO object = nullptr;
    EXPECT_EQ(AXCL(axclrtEngineCreateIO)(info, &object), 0);
    return object;
  }
  std::uint64_t input_size(const char* name, std::uint32_t group) const {
    const auto index = AXCL(axclrtEngineGetInputIndexByName)(info, name);
    return AXCL(axclrtEngineGetInputSizeByIndex)(info, group, static_cast<std::uint32_t>(index));
  }
  std::uint64_t output_size(const char* name, std::uint32_t group) const {
    const auto index = AXCL(axclrtEngineGetOutputIndexByName)(info, name);
    return AXCL(axclrtEngineGetOutputSizeByIndex)(info, group, static_cast<std::uint32_t>(index));
  }
  void bind_input(axclrtEngineIO object, const char* name, std::uint32_t group, void* at) const {
    EXPECT_EQ(AXCL(axclrtEngineSetInputBufferByName)(object, name, at, input_size(name, group)), 0);
  }
  void bind_output(axclrtEngineIO object, const char* name, std::uint32_t group, void* at) const {
    EXPECT_EQ(AXCL(axclrtEngineSetOutputBufferByName)(object, name, at, output_size(name, group)), 0);
  }
};

std::vector<std::uint16_t> embedding(std::uint32_t token) {
  std::mt19937 random(token);
  std::normal_distribution<float> normal(0, 1);
  std::vector<std::uint16_t> row(hidden());
  std::generate(row.begin(), row.end(), [&] { return base::f32_to_bf16(normal(random)); });
  return row;
}

TEST_F(EndToEndTest, DescribesALayerAsTheVendorsDo) {
  const Loaded layer = Loaded::from_file(files->layer(0));
  std::int32_t groups = 0;
  EXPECT_EQ(AXCL(axclrtEngineGetShapeGroupsCount)(layer.info, &groups), 0);
  EXPECT_EQ(groups, 3);
  ASSERT_EQ(AXCL(axclrtEngineGetNumInputs)(layer.info), 5U);
  ASSERT_EQ(AXCL(axclrtEngineGetNumOutputs)(layer.info), 3U);
  std::vector<std::string> names;
  for (std::uint32_t index = 0; index < 5; ++index) {
    names.emplace_back(AXCL(axclrtEngineGetInputNameByIndex)(layer.info, index));
  }
  EXPECT_THAT(names, ElementsAre("K_cache", "V_cache", "indices", "input", "mask"));
  EXPECT_EQ(AXCL(axclrtEngineGetInputNameByIndex)(layer.info, 5), nullptr);
  EXPECT_STREQ(AXCL(axclrtEngineGetOutputNameByIndex)(layer.info, 2), "output");
  axclrtEngineIODims dims;
  EXPECT_EQ(AXCL(axclrtEngineGetInputDims)(layer.info, 0, 4, &dims), 0);
  EXPECT_EQ(dims.dimCount, 3);
  EXPECT_THAT(std::vector<std::int32_t>(dims.dims, dims.dims + 3), ElementsAre(1, 1, shape().slots + 1));
  EXPECT_EQ(AXCL(axclrtEngineGetInputDims)(layer.info, 3, 4, &dims), static_cast<axclError>(0x80300703));
  axclrtEngineDataType type{};
  EXPECT_EQ(AXCL(axclrtEngineGetInputDataType)(layer.info, 2, &type), 0);
  EXPECT_EQ(static_cast<int>(type), 8);
  EXPECT_EQ(AXCL(axclrtEngineGetInputDataType)(layer.info, 3, &type), 0);
  EXPECT_EQ(static_cast<int>(type), 14);
  EXPECT_EQ(layer.input_size("mask", 0), (slots() + 1) * 2);
  EXPECT_EQ(layer.input_size("K_cache", 1), kv() * 2);
  EXPECT_EQ(layer.input_size("K_cache", 2), 128 * kv() * 2);
  EXPECT_EQ(layer.output_size("output", 1), rows() * hidden() * 2);
  EXPECT_EQ(AXCL(axclrtEngineGetInputSizeByIndex)(layer.info, 0, 9), 0xFFFFFFFF80300703U);
  EXPECT_STREQ(AXCL(axclrtEngineGetModelCompilerVersion)(layer.model), "tiny 1");
  std::int64_t system = -1;
  std::int64_t cmm = 0;
  EXPECT_EQ(AXCL(axclrtEngineGetUsageFromModelId)(layer.model, &system, &cmm), 0);
  EXPECT_GT(cmm, 0);
  std::int64_t cmm_of_file = 0;
  EXPECT_EQ(AXCL(axclrtEngineGetUsage)(files->layer(0).c_str(), &system, &cmm_of_file), 0);
  EXPECT_EQ(cmm_of_file, cmm);
}

TEST_F(EndToEndTest, DecodesThroughAWholeModelWithinTheBudgetOfCalls) {
  std::vector<Loaded> layers;
  for (int index = 0; index < kLayers; ++index) {
    layers.push_back(Loaded::from_file(files->layer(index)));
  }
  const Loaded head = Loaded::from_file(files->head());
  void* const mask = allocate((slots() + 1) * 2);
  void* const index_buffer = allocate(4);
  void* const hidden_a = allocate(hidden() * 2);
  void* const hidden_b = allocate(hidden() * 2);
  void* const logits = allocate(vocab() * 2, false);
  std::vector<void*> k_caches;
  std::vector<void*> v_caches;
  std::vector<axclrtEngineIO> objects;
  for (int index = 0; index < kLayers; ++index) {
    const Loaded& layer = layers[static_cast<std::size_t>(index)];
    k_caches.push_back(allocate(slots() * kv() * 2));
    v_caches.push_back(allocate(slots() * kv() * 2));
    objects.push_back(layer.io());
    layer.bind_input(objects.back(), "K_cache", 0, k_caches.back());
    layer.bind_input(objects.back(), "V_cache", 0, v_caches.back());
    layer.bind_input(objects.back(), "indices", 0, index_buffer);
    layer.bind_input(objects.back(), "mask", 0, mask);
    layer.bind_input(objects.back(), "input", 0, index % 2 == 0 ? hidden_a : hidden_b);
    layer.bind_output(objects.back(), "output", 0, index % 2 == 0 ? hidden_b : hidden_a);
  }
  axclrtEngineIO head_io = head.io();
  head.bind_input(head_io, "input", 0, kLayers % 2 == 0 ? hidden_a : hidden_b);
  head.bind_output(head_io, "output", 0, logits);
  std::vector<std::uint16_t> mask_row(slots() + 1, kHidden);
  mask_row.back() = 0;
  upload(mask, mask_row);

  std::vector<std::uint16_t> last;
  for (std::uint32_t position = 0; position < 4; ++position) {
    AXCL(axllamaSoftcardResetCounters)();
    upload(hidden_a, embedding(position));
    upload(index_buffer, std::vector<std::uint32_t>{position});
    if (position > 0) {
      upload(offset(mask, (position - 1) * 2), std::vector<std::uint16_t>{0});
    }
    for (std::size_t index = 0; index < layers.size(); ++index) {
      layers[index].bind_output(objects[index], "K_cache_out", 0,
                                offset(k_caches[index], position * kv() * 2));
      layers[index].bind_output(objects[index], "V_cache_out", 0,
                                offset(v_caches[index], position * kv() * 2));
      ASSERT_EQ(AXCL(axclrtEngineExecute)(layers[index].model, layers[index].context, 0, objects[index]), 0)
          << testing::read_text(AXCL(axllamaSoftcardLastError));
    }
    ASSERT_EQ(AXCL(axclrtEngineExecute)(head.model, head.context, 0, head_io), 0);
    const auto row = download(logits, vocab());
    EXPECT_NE(row, last);
    EXPECT_TRUE(
        std::none_of(row.begin(), row.end(), [](std::uint16_t bits) { return (bits & 0x7F80) == 0x7F80; }));
    last = row;
    const auto count = counters();
    EXPECT_EQ(count["remote_calls"], kLayers + 1 + (position > 0 ? 4 : 3));
    EXPECT_EQ(count["bytes"]["host_to_device"], hidden() * 2 + 4 + (position > 0 ? 2 : 0));
    EXPECT_EQ(count["bytes"]["device_to_host"], vocab() * 2);
    EXPECT_EQ(count["executions"]["by_group"]["0"], kLayers + 1);
    EXPECT_EQ(count["calls"]["axclrtEngineExecute"], kLayers + 1);
  }

  // The same tokens again, asynchronously, from empty caches: the same logits.
  upload(mask, mask_row);
  for (std::size_t index = 0; index < layers.size(); ++index) {
    ASSERT_EQ(AXCL(axclrtMemset)(k_caches[index], 0, slots() * kv() * 2), 0);
    ASSERT_EQ(AXCL(axclrtMemset)(v_caches[index], 0, slots() * kv() * 2), 0);
  }
  axclrtStream stream = nullptr;
  ASSERT_EQ(AXCL(axclrtCreateStream)(&stream), 0);
  std::vector<std::vector<std::uint16_t>> rows_up;
  std::vector<std::uint32_t> positions = {0, 1, 2, 3};
  const std::uint16_t visible = 0;
  for (std::uint32_t position = 0; position < 4; ++position) {
    rows_up.push_back(embedding(position));
  }
  for (std::uint32_t position = 0; position < 4; ++position) {
    ASSERT_EQ(AXCL(axclrtMemcpyAsync)(hidden_a, rows_up[position].data(), hidden() * 2, kUp, stream), 0);
    ASSERT_EQ(AXCL(axclrtMemcpyAsync)(index_buffer, &positions[position], 4, kUp, stream), 0);
    if (position > 0) {
      ASSERT_EQ(AXCL(axclrtMemcpyAsync)(offset(mask, (position - 1) * 2), &visible, 2, kUp, stream), 0);
    }
    for (std::size_t index = 0; index < layers.size(); ++index) {
      layers[index].bind_output(objects[index], "K_cache_out", 0,
                                offset(k_caches[index], position * kv() * 2));
      layers[index].bind_output(objects[index], "V_cache_out", 0,
                                offset(v_caches[index], position * kv() * 2));
      ASSERT_EQ(AXCL(axclrtEngineExecuteAsync)(layers[index].model, layers[index].context, 0, objects[index],
                                               stream),
                0);
    }
    ASSERT_EQ(AXCL(axclrtEngineExecuteAsync)(head.model, head.context, 0, head_io, stream), 0);
  }
  std::vector<std::uint16_t> again(vocab());
  ASSERT_EQ(AXCL(axclrtMemcpyAsync)(again.data(), logits, vocab() * 2, kDown, stream), 0);
  ASSERT_EQ(AXCL(axclrtSynchronizeStream)(stream), 0);
  EXPECT_EQ(again, last);
  EXPECT_EQ(testing::read_text(AXCL(axllamaSoftcardReports)), "[]");
}

TEST_F(EndToEndTest, AChunkGivesTheKeysThatDecodingGivesAndComesFromCardMemoryToo) {
  // From card memory, as the vendor's runners load.
  std::ifstream file(files->layer(0), std::ios::binary);
  const std::vector<char> image((std::istreambuf_iterator<char>(file)), {});
  void* const staged = allocate(image.size(), false);
  upload(staged, image);
  std::uint64_t id = 0;
  ASSERT_EQ(AXCL(axclrtEngineLoadFromMem)(staged, image.size(), &id), 0)
      << testing::read_text(AXCL(axllamaSoftcardLastError));
  ASSERT_EQ(AXCL(axclrtFree)(staged), 0);
  const Loaded layer(id);

  std::vector<std::uint16_t> inputs;
  std::vector<std::uint32_t> indices;
  std::vector<std::uint16_t> chunk_mask(rows() * rows(), kHidden);
  for (std::uint32_t row = 0; row < rows(); ++row) {
    const auto values = embedding(row);
    inputs.insert(inputs.end(), values.begin(), values.end());
    indices.push_back(row);
    std::fill_n(chunk_mask.begin() + static_cast<std::ptrdiff_t>(row * rows()), row + 1, std::uint16_t{0});
  }
  axclrtEngineIO chunk = layer.io();
  void* const chunk_k = allocate(rows() * kv() * 2, false);
  void* const chunk_out = allocate(rows() * hidden() * 2, false);
  for (const char* name : {"K_cache", "V_cache", "indices", "input", "mask"}) {
    layer.bind_input(chunk, name, 1, allocate(layer.input_size(name, 1)));
  }
  layer.bind_output(chunk, "K_cache_out", 1, chunk_k);
  layer.bind_output(chunk, "V_cache_out", 1, allocate(rows() * kv() * 2, false));
  layer.bind_output(chunk, "output", 1, chunk_out);
  const auto bound = [&](const char* name) {
    void* at = nullptr;
    std::uint64_t size = 0;
    EXPECT_EQ(AXCL(axclrtEngineGetInputBufferByName)(chunk, name, &at, &size), 0);
    return at;
  };
  upload(bound("input"), inputs);
  upload(bound("indices"), indices);
  upload(bound("mask"), chunk_mask);
  ASSERT_EQ(AXCL(axclrtEngineExecute)(layer.model, layer.context, 1, chunk), 0)
      << testing::read_text(AXCL(axllamaSoftcardLastError));
  const auto keys = download(chunk_k, rows() * kv());
  const auto states = download(chunk_out, rows() * hidden());

  axclrtEngineIO decode = layer.io();
  void* const k_cache = allocate(slots() * kv() * 2);
  void* const v_cache = allocate(slots() * kv() * 2);
  void* const mask = allocate((slots() + 1) * 2);
  void* const index_buffer = allocate(4);
  void* const input = allocate(hidden() * 2);
  void* const output = allocate(hidden() * 2, false);
  layer.bind_input(decode, "K_cache", 0, k_cache);
  layer.bind_input(decode, "V_cache", 0, v_cache);
  layer.bind_input(decode, "indices", 0, index_buffer);
  layer.bind_input(decode, "input", 0, input);
  layer.bind_input(decode, "mask", 0, mask);
  layer.bind_output(decode, "output", 0, output);
  std::vector<std::uint16_t> mask_row(slots() + 1, kHidden);
  mask_row.back() = 0;
  for (std::uint32_t position = 0; position < rows(); ++position) {
    upload(mask, mask_row);
    mask_row[position] = 0;
    upload(input, embedding(position));
    upload(index_buffer, std::vector<std::uint32_t>{position});
    layer.bind_output(decode, "K_cache_out", 0, offset(k_cache, position * kv() * 2));
    layer.bind_output(decode, "V_cache_out", 0, offset(v_cache, position * kv() * 2));
    ASSERT_EQ(AXCL(axclrtEngineExecute)(layer.model, layer.context, 0, decode), 0)
        << testing::read_text(AXCL(axllamaSoftcardLastError));
    const auto state = download(output, hidden());
    ASSERT_TRUE(std::equal(state.begin(), state.end(),
                           states.begin() + static_cast<std::ptrdiff_t>(position * hidden())))
        << "row " << position;
  }
  EXPECT_EQ(download(k_cache, rows() * kv()), keys);
}

TEST_F(EndToEndTest, RefusesWhatIsNoProgramWithASentence) {
  const auto path = files->folder() / "vendor.axmodel";
  std::ofstream(path, std::ios::binary) << "AXMODEL? some other bytes entirely, long enough to be looked at";
  std::uint64_t id = 0;
  EXPECT_EQ(AXCL(axclrtEngineLoadFromFile)(path.c_str(), &id), static_cast<axclError>(0x80300703));
  EXPECT_THAT(testing::read_text(AXCL(axllamaSoftcardReports)), HasSubstr("vendor.axmodel"));
  EXPECT_THAT(testing::read_text(AXCL(axllamaSoftcardLastError)), HasSubstr("vendor.axmodel"));
}

TEST_F(EndToEndTest, HostAddressesForLoadFromMemAreRefused) {
  std::ifstream file(files->layer(0), std::ios::binary);
  const std::vector<char> image((std::istreambuf_iterator<char>(file)), {});
  std::uint64_t id = 0;
  EXPECT_EQ(AXCL(axclrtEngineLoadFromMem)(image.data(), image.size(), &id),
            static_cast<axclError>(0x80300581));
}

TEST_F(EndToEndTest, UnknownHandlesAnswerErrors) {
  int something = 0;
  const Loaded head = Loaded::from_file(files->head());
  axclrtEngineIO io = head.io();
  EXPECT_EQ(AXCL(axclrtEngineDestroyIO)(io), 0);
  EXPECT_EQ(AXCL(axclrtEngineDestroyIO)(io), static_cast<axclError>(0x80300703));
  for (void* const wrong : {static_cast<void*>(&something), static_cast<void*>(io), head.info}) {
    EXPECT_NE(AXCL(axclrtSynchronizeStream)(wrong), 0);
    EXPECT_NE(AXCL(axclrtDestroyStream)(wrong), 0);
    EXPECT_NE(AXCL(axclrtDestroyEvent)(wrong), 0);
    EXPECT_NE(AXCL(axclrtSetCurrentContext)(wrong), 0);
    EXPECT_NE(AXCL(axclrtEngineDestroyIO)(wrong), 0);
    EXPECT_NE(AXCL(axclrtEngineExecute)(head.model, head.context, 0, wrong), 0);
    EXPECT_NE(AXCL(axclrtFree)(wrong), 0);
    EXPECT_NE(AXCL(axclrtFreeHost)(wrong), 0);
  }
  EXPECT_NE(AXCL(axclrtEngineExecute)(head.model, head.model, 0, head.io()), 0);
  EXPECT_NE(AXCL(axclrtEngineUnload)(4711), 0);
}

TEST_F(EndToEndTest, ThreadsWithoutAContextAreRefused) {
  std::jthread([] {
    void* address = nullptr;
    EXPECT_EQ(AXCL(axclrtMalloc)(&address, 16, {}), static_cast<axclError>(0x80300284));
    EXPECT_EQ(AXCL(axclrtSetDevice)(1), 0);
    EXPECT_EQ(AXCL(axclrtMalloc)(&address, 16, {}), 0);
    EXPECT_EQ(AXCL(axclrtFree)(address), 0);
    EXPECT_EQ(AXCL(axclrtResetDevice)(1), 0);
  }).join();
}

TEST_F(EndToEndTest, PropertiesArePlausibleAndSlow) {
  axclrtDeviceProperties properties;
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_EQ(AXCL(axclrtGetDeviceProperties)(1, &properties), 0);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(50));
  EXPECT_EQ(properties.pciBusID, 1U);
  EXPECT_EQ(properties.temperature, 49263);
  EXPECT_EQ(properties.totalCmmSize, 7208960U);
  EXPECT_LE(properties.freeCmmSize, properties.totalCmmSize);
  EXPECT_LE(properties.npuLoading, 10000U);
  EXPECT_STREQ(properties.swVersion, "V3.10.2_20251215140224");
}

TEST_F(EndToEndTest, StreamsTellFailuresAtTheSynchronisationAndWaitForEvents) {
  axclrtStream first = nullptr;
  axclrtStream second = nullptr;
  axclrtEvent event = nullptr;
  ASSERT_EQ(AXCL(axclrtCreateStream)(&first), 0);
  ASSERT_EQ(AXCL(axclrtCreateStream)(&second), 0);
  ASSERT_EQ(AXCL(axclrtCreateEvent)(&event), 0);
  void* const a = allocate(16);
  void* const b = allocate(16);
  ASSERT_EQ(AXCL(axclrtMemset)(b, 1, 16), 0);
  ASSERT_EQ(AXCL(axclrtMemcmpAsync)(a, b, 16, first), 0);
  EXPECT_EQ(AXCL(axclrtSynchronizeStreamWithTimeout)(first, 1000), 1);
  EXPECT_EQ(AXCL(axclrtSynchronizeStream)(first), 0);
  ASSERT_EQ(AXCL(axclrtMemsetAsync)(a, 1, 16, first), 0);
  ASSERT_EQ(AXCL(axclrtRecordEvent)(event, first), 0);
  ASSERT_EQ(AXCL(axclrtStreamWaitEvent)(second, event), 0);
  ASSERT_EQ(AXCL(axclrtMemcmpAsync)(a, b, 16, second), 0);
  EXPECT_EQ(AXCL(axclrtSynchronizeStream)(second), 0);
  EXPECT_EQ(AXCL(axclrtDestroyStream)(first), 0);
  EXPECT_EQ(AXCL(axclrtDestroyStreamForce)(second), 0);
  EXPECT_EQ(AXCL(axclrtDestroyEvent)(event), 0);
  EXPECT_EQ(AXCL(axclrtSynchronizeDevice)(), 0);
}

}  // namespace
}  // namespace axllama::softcard
