#include "compiler/gguf_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "compiler/testing/checkpoint_folder.h"
#include "compiler/testing/gguf_writer.h"

namespace axllama::compiler {
namespace {

using base::Error;
using base::ErrorCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::GgufWriter;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

class GgufFileTest : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "model.gguf"; }

  GgufFile open(GgufWriter& writer) const {
    writer.write(path());
    return GgufFile(path());
  }
  Error refusal(const std::string& bytes) const {
    std::ofstream(path(), std::ios::binary) << bytes;
    try {
      const GgufFile file(path());
    } catch (const Error& error) {
      EXPECT_THAT(error.message(), HasSubstr("model.gguf"));
      return error;
    }
    ADD_FAILURE() << "the file was accepted";
    return {ErrorCode::kInternal, ""};
  }

  TemporaryFolder folder_;
};

TEST_F(GgufFileTest, ReadsEveryKindOfValue) {
  GgufWriter writer;
  writer.text("general.architecture", "qwen3");
  writer.count("qwen3.block_count", 28);
  writer.number("qwen3.rope.freq_base", 1e6F);
  writer.flag("tokenizer.ggml.add_bos_token", false);
  writer.texts("tokens", {"a", "", "c d"});
  writer.integers("types", {1, -3});
  writer.numbers("scores", {0.5F, -2.0F});
  const GgufFile file = open(writer);
  EXPECT_EQ(file.text("general.architecture"), "qwen3");
  EXPECT_EQ(file.count("qwen3.block_count"), 28U);
  EXPECT_EQ(file.number("qwen3.block_count"), 28.0);
  EXPECT_EQ(file.number("qwen3.rope.freq_base"), 1e6);
  EXPECT_EQ(file.flag("tokenizer.ggml.add_bos_token"), false);
  EXPECT_THAT(*file.texts("tokens"), ElementsAre("a", "", "c d"));
  EXPECT_THAT(*file.integers("types"), ElementsAre(1, -3));
  EXPECT_THAT(*file.numbers("scores"), ElementsAre(0.5, -2.0));
  EXPECT_FALSE(file.text("absent").has_value());
  EXPECT_EQ(file.texts("absent"), nullptr);
  EXPECT_THROW(file.text("qwen3.block_count"), Error);
  EXPECT_THROW(file.count("general.architecture"), Error);
}

TEST_F(GgufFileTest, PlacesTensorsAtTheirAlignment) {
  for (const std::uint64_t alignment : {32U, 64U}) {
    GgufWriter writer;
    writer.alignment = alignment;
    writer.tensor("first", {3}, {1.0F, 2.0F, 3.0F});
    writer.tensor("second", {2, 2}, {4.0F, 5.0F, 6.0F, 7.0F});
    const GgufFile file = open(writer);
    const GgufTensor& second = file.tensors().at("second");
    EXPECT_THAT(second.dims, ElementsAre(2, 2));
    std::vector<float> values(4);
    dequantize(second.type, second.data, values);
    EXPECT_THAT(values, ElementsAre(4.0F, 5.0F, 6.0F, 7.0F));
  }
}

TEST_F(GgufFileTest, IsRecognisedByItsFirstBytes) {
  GgufWriter writer;
  writer.write(path());
  EXPECT_TRUE(GgufFile::looks_like(path()));
  std::ofstream(path()) << "GGU";
  EXPECT_FALSE(GgufFile::looks_like(path()));
  EXPECT_FALSE(GgufFile::looks_like(folder_.path() / "absent"));
}

TEST_F(GgufFileTest, RefusesOtherFilesAndVersions) {
  EXPECT_THAT(refusal("ggml and more").message(), HasSubstr("does not begin with GGUF"));
  GgufWriter old;
  old.version = 1;
  EXPECT_EQ(refusal(old.bytes()).code(), ErrorCode::kUnsupported);
  GgufWriter big_endian;
  big_endian.version = 0x03000000;
  EXPECT_EQ(refusal(big_endian.bytes()).code(), ErrorCode::kUnsupported);
}

TEST_F(GgufFileTest, RefusesEveryTruncation) {
  GgufWriter writer;
  writer.text("general.architecture", "qwen3");
  writer.texts("tokens", {"a", "b"});
  writer.numbers("scores", {1.0F, 2.0F});
  writer.tensor("t", {4}, {1.0F, 2.0F, 3.0F, 4.0F});
  const std::string whole = writer.bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(refusal(whole.substr(0, size)).code(), ErrorCode::kInvalidArgument) << size;
  }
}

TEST_F(GgufFileTest, RefusesAbsurdCountsWithoutAllocating) {
  GgufWriter writer;
  writer.texts("tokens", {"a"});
  std::string bytes = writer.bytes();
  // The list's length is the eight bytes before the string: 8 of its length and 1 of its text.
  bytes.resize(bytes.find("tokens") + 6 + 4 + 4);
  bytes += std::string(8, '\x7F');
  EXPECT_THAT(refusal(bytes).message(), AllOf(HasSubstr("tokens"), HasSubstr("9187201950435737471")));
}

TEST_F(GgufFileTest, NamesWhatItCannotRead) {
  GgufWriter unknown;
  unknown.tensor("blk.0.ffn_up.weight", {256}, 10, std::vector<std::byte>(84));
  const Error error = refusal(unknown.bytes());
  EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(error.message(),
              AllOf(HasSubstr("blk.0.ffn_up.weight"), HasSubstr("type 10"), HasSubstr("Q6_K")));

  GgufWriter uneven;
  uneven.tensor("t", {33}, 8, std::vector<std::byte>(34));
  EXPECT_THAT(refusal(uneven.bytes()).message(),
              AllOf(HasSubstr("rows of 33"), HasSubstr("32"), HasSubstr("Q8_0")));

  GgufWriter twice;
  twice.tensor("t", {1}, {1.0F});
  twice.tensor("t", {1}, {1.0F});
  EXPECT_THAT(refusal(twice.bytes()).message(), HasSubstr("tensor t twice"));

  GgufWriter empty;
  empty.tensor("t", {0}, 0, {});
  EXPECT_THAT(refusal(empty.bytes()).message(), HasSubstr("an axis of 0"));
}

}  // namespace
}  // namespace axllama::compiler
