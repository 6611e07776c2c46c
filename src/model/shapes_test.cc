#include "model/shapes.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace axllama::model {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kHidden = 64;
constexpr int kKv = 32;

/// A layer as vendors build it: groups given as (rows, cache rows, mask columns).
struct Layer {
  std::vector<LayerTensor> inputs = {
      {"K_cache", {}}, {"V_cache", {}}, {"indices", {}}, {"input", {}}, {"mask", {}}};
  std::vector<LayerTensor> outputs = {{"K_cache_out", {}}, {"V_cache_out", {}}, {"output", {}}};

  void add_group(int rows, int slots, int columns, int index_rows = 1) {
    const std::vector<std::vector<std::int32_t>> in = {
        {1, slots, kKv}, {1, slots, kKv}, {index_rows, rows}, {1, rows, kHidden}, {1, rows, columns}};
    for (std::size_t i = 0; i < in.size(); ++i) inputs[i].dims.push_back(in[i]);
    const std::vector<std::vector<std::int32_t>> out = {{1, rows, kKv}, {1, rows, kKv}, {1, rows, kHidden}};
    for (std::size_t i = 0; i < out.size(); ++i) outputs[i].dims.push_back(out[i]);
  }
  std::vector<std::int32_t>& dims(const std::string& name, std::size_t group) {
    for (auto* side : {&inputs, &outputs}) {
      for (auto& tensor : *side) {
        if (tensor.name == name) return tensor.dims.at(group);
      }
    }
    throw std::out_of_range(name);
  }
  LayerShapes infer() const { return infer_layer_shapes(inputs, outputs, "x_l0.axmodel"); }
};

Layer vendor_layer() {
  Layer layer;
  layer.add_group(1, 2559, 2560);
  layer.add_group(128, 1, 128);
  layer.add_group(128, 256, 384);
  layer.add_group(128, 2048, 2176);
  return layer;
}

std::string refusal(const Layer& layer) {
  try {
    layer.infer();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidArgument);
    return error.message();
  }
  ADD_FAILURE() << "the shapes were accepted";
  return {};
}

TEST(InferLayerShapes, ReadsAVendorsLadder) {
  const LayerShapes shapes = vendor_layer().infer();
  EXPECT_EQ(shapes.hidden, 64U);
  EXPECT_EQ(shapes.kv_width, 32U);
  EXPECT_EQ(shapes.decode_group, 0U);
  EXPECT_EQ(shapes.context, 2559U);
  EXPECT_EQ(shapes.index_rows, 1U);
  EXPECT_THAT(shapes.prefill, ElementsAre(PrefillGroup{1, 128, 0, 1}, PrefillGroup{2, 128, 256, 256},
                                          PrefillGroup{3, 128, 2048, 2048}));
  EXPECT_EQ(shapes.prefill_limit(), 2176U);
}

TEST(InferLayerShapes, SortsGroupsByHistory) {
  Layer layer;
  layer.add_group(128, 512, 640);
  layer.add_group(1, 1023, 1024);
  layer.add_group(128, 1, 128);
  const LayerShapes shapes = layer.infer();
  EXPECT_EQ(shapes.decode_group, 1U);
  EXPECT_THAT(shapes.prefill, ElementsAre(PrefillGroup{2, 128, 0, 1}, PrefillGroup{0, 128, 512, 512}));
}

TEST(InferLayerShapes, TakesTheLargestOfSeveralDecodeGroups) {
  Layer layer;
  layer.add_group(1, 255, 256);
  layer.add_group(1, 1023, 1024);
  layer.add_group(1, 511, 512);
  EXPECT_EQ(layer.infer().decode_group, 1U);
  EXPECT_EQ(layer.infer().context, 1023U);
}

TEST(InferLayerShapes, AllowsDecodeOnlyLayers) {
  Layer layer;
  layer.add_group(1, 1023, 1024);
  EXPECT_TRUE(layer.infer().prefill.empty());
  EXPECT_EQ(layer.infer().prefill_limit(), 0U);
}

TEST(InferLayerShapes, CountsPositionRows) {
  Layer layer;
  layer.add_group(1, 1023, 1024, 3);
  layer.add_group(128, 1, 128, 3);
  EXPECT_EQ(layer.infer().index_rows, 3U);
}

TEST(InferLayerShapes, NamesTheTensorAndBothValues) {
  Layer layer = vendor_layer();
  layer.dims("V_cache", 2) = {1, 512, kKv};
  EXPECT_THAT(refusal(layer),
              AllOf(HasSubstr("x_l0.axmodel"), HasSubstr("V_cache in shape group 2 has 512 rows of 32"),
                    HasSubstr("256 rows of 32")));

  layer = vendor_layer();
  layer.dims("output", 1) = {1, 128, 65};
  EXPECT_THAT(refusal(layer), AllOf(HasSubstr("output in shape group 1"), HasSubstr("65"), HasSubstr("64")));

  layer = vendor_layer();
  layer.dims("mask", 0) = {1, 1, 2048};
  EXPECT_THAT(refusal(layer),
              AllOf(HasSubstr("mask in shape group 0"), HasSubstr("2048"), HasSubstr("2560")));

  layer = vendor_layer();
  layer.dims("mask", 3) = {1, 128, 2048};
  EXPECT_THAT(refusal(layer), AllOf(HasSubstr("1920 history slots"), HasSubstr("K_cache has 2048")));

  layer = vendor_layer();
  layer.dims("mask", 1) = {1, 128, 64};
  EXPECT_THAT(refusal(layer), AllOf(HasSubstr("64 columns"), HasSubstr("128 rows")));

  layer = vendor_layer();
  layer.dims("input", 2) = {2, 128, 64};
  EXPECT_THAT(refusal(layer), HasSubstr("input in shape group 2 has the shape [2,128,64]"));
}

TEST(InferLayerShapes, NamesWhatIsMissing) {
  Layer layer = vendor_layer();
  layer.inputs.erase(layer.inputs.begin() + 4);
  EXPECT_THAT(refusal(layer), HasSubstr("no tensor mask"));

  layer = vendor_layer();
  layer.outputs[1].dims.pop_back();
  EXPECT_THAT(refusal(layer), HasSubstr("V_cache_out has 3 shape groups and indices has 4"));

  Layer prefill_only;
  prefill_only.add_group(128, 1, 128);
  EXPECT_THAT(refusal(prefill_only), HasSubstr("none of its 1 shape groups is for decoding"));

  EXPECT_THAT(refusal(Layer{}), HasSubstr("no shape group"));
}

}  // namespace
}  // namespace axllama::model
