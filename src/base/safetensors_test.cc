#include "base/safetensors.h"

#include <cstring>
#include <fstream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace axllama::base {
namespace {

using ::testing::HasSubstr;

class SafetensorsTest : public ::testing::Test {
 protected:
  const axllama::testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

std::vector<std::byte> image_of(std::string_view header, std::size_t data_bytes,
                                std::uint64_t claimed = UINT64_MAX) {
  const std::uint64_t length = claimed == UINT64_MAX ? header.size() : claimed;
  std::vector<std::byte> image(8 + header.size() + data_bytes);
  for (std::size_t i = 0; i < 8; ++i) image[i] = static_cast<std::byte>((length >> (8 * i)) & 0xFFU);
  std::memcpy(image.data() + 8, header.data(), header.size());
  for (std::size_t i = 0; i < data_bytes; ++i) image[8 + header.size() + i] = static_cast<std::byte>(i);
  return image;
}

std::string error_of(std::string_view header, std::size_t data_bytes, std::uint64_t claimed = UINT64_MAX) {
  const std::vector<std::byte> image = image_of(header, data_bytes, claimed);
  try {
    const SafetensorsFile file(image, "bad.safetensors");
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(e.message(), HasSubstr("bad.safetensors"));
    return e.message();
  }
  return "accepted";
}

TEST_F(SafetensorsTest, ReadsHandWrittenImage) {
  const std::vector<std::byte> image = image_of(
      R"({"__metadata__":{"k":"v"},"b":{"dtype":"I8","shape":[2,3],"data_offsets":[4,10]},)"
      R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"e":{"dtype":"BF16","shape":[0,7],"data_offsets":[4,4]}}   )",
      10);
  ASSERT_TRUE(SafetensorsFile::looks_like(image));
  const SafetensorsFile file(image, "x");
  EXPECT_EQ(file.metadata().at("k"), "v");
  EXPECT_EQ(file.tensors().size(), 3U);
  EXPECT_TRUE(file.tensor("a").shape.empty());
  EXPECT_EQ(file.tensor("b").shape, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(file.tensor("b").data.size(), 6U);
  EXPECT_EQ(file.tensor("b").data[0], std::byte{4});
  EXPECT_TRUE(file.tensor("e").data.empty());
  EXPECT_THROW(static_cast<void>(file.tensor("c")), Error);
}

TEST_F(SafetensorsTest, WritesAlignedFilesThatReadBack) {
  std::mt19937 random(7);
  std::vector<std::vector<std::byte>> payloads;
  std::vector<SafetensorsEntry> entries;
  payloads.reserve(4);
  entries.reserve(4);
  for (const std::size_t elements : {5U, 64U, 1U, 1000U}) {
    auto& payload = payloads.emplace_back(elements * 2);
    for (std::byte& byte : payload) byte = static_cast<std::byte>(random() & 0xFFU);
  }
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    entries.push_back({"t" + std::to_string(9 - i),
                       "BF16",
                       {static_cast<std::int64_t>(payloads[i].size() / 2)},
                       payloads[i]});
  }
  const auto path = folder_ / "model.safetensors";
  write_safetensors(path, {{"note", "with \"quotes\" and \n"}}, entries);
  const SafetensorsFile file(path);
  EXPECT_EQ(file.name(), path.string());
  EXPECT_EQ(file.metadata().at("note"), "with \"quotes\" and \n");
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const SafetensorsView& view = file.tensor(entries[i].name);
    EXPECT_EQ(view.shape, entries[i].shape);
    EXPECT_TRUE(std::equal(view.data.begin(), view.data.end(), payloads[i].begin(), payloads[i].end()));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.data.data()) % 64, 0U);
  }
  std::size_t files = 0;
  for (const auto& item : std::filesystem::directory_iterator(folder_))
    files += item.is_regular_file() ? 1U : 0U;
  EXPECT_EQ(files, 1U) << "the temporary file is gone";
}

TEST_F(SafetensorsTest, WriterRefusesWrongEntriesAndLeavesNothing) {
  const std::vector<std::byte> data(8);
  const auto path = folder_ / "x";
  EXPECT_THROW(write_safetensors(path, {}, {{"a", "F32", {3}, data}}), Error);
  EXPECT_THROW(write_safetensors(path, {}, {{"a", "F32", {-2}, data}}), Error);
  EXPECT_THROW(write_safetensors(path, {}, {{"a", "F31", {2}, data}}), Error);
  EXPECT_THROW(write_safetensors(path, {}, {{"a", "F32", {2}, data}, {"a", "F32", {2}, data}}), Error);
  EXPECT_THROW(write_safetensors(path, {}, {{"\xFF", "F32", {2}, data}}), Error);
  EXPECT_THROW(write_safetensors(folder_ / "no" / "x", {}, {{"a", "F32", {2}, data}}), Error);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(SafetensorsTest, RefusesHostileHeaders) {
  EXPECT_THAT(error_of("{}", 0, 99), HasSubstr("claims 99 bytes but only 2 follow"));
  EXPECT_THAT(error_of("{}", 0, UINT64_MAX - 1), HasSubstr("limit"));
  EXPECT_THAT(error_of("{", 0), HasSubstr("not valid JSON"));
  EXPECT_THAT(error_of("[]", 0), HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of(std::string(100000, '['), 0), HasSubstr("nested"));
  EXPECT_THAT(error_of(R"({"a":3})", 0), HasSubstr("not an object"));
  EXPECT_THAT(error_of(R"({"__metadata__":{"a":3}})", 0), HasSubstr("not a string"));
  const auto tensor = [](std::string_view dtype, std::string_view shape, std::string_view offsets) {
    return R"({"a":{"dtype":")" + std::string(dtype) + R"(","shape":)" + std::string(shape) +
           R"(,"data_offsets":)" + std::string(offsets) + "}}";
  };
  EXPECT_EQ(error_of(tensor("F32", "[2]", "[0,8]"), 8), "accepted");
  EXPECT_THAT(error_of(tensor("F32", "[2]", "[0,8]"), 7), HasSubstr("ends at data byte 8"));
  EXPECT_THAT(error_of(tensor("F32", "[3]", "[0,8]"), 8), HasSubstr("needs 12 bytes"));
  EXPECT_THAT(error_of(tensor("Q32", "[2]", "[0,8]"), 8), HasSubstr("unknown dtype Q32"));
  EXPECT_THAT(error_of(tensor("F32", "[-2]", "[0,8]"), 8), HasSubstr("impossible dimension -2"));
  EXPECT_THAT(error_of(tensor("F32", "[2.0]", "[0,8]"), 8), HasSubstr("impossible dimension"));
  EXPECT_THAT(error_of(tensor("F32", "2", "[0,8]"), 8), HasSubstr("no shape"));
  EXPECT_THAT(error_of(tensor("F32", "[9223372036854775808]", "[0,8]"), 8),
              HasSubstr("impossible dimension"));
  EXPECT_THAT(error_of(tensor("F32", "[4611686018427387904,4]", "[0,0]"), 8), HasSubstr("2^64"));
  EXPECT_THAT(error_of(tensor("F32", "[2]", "[8,0]"), 8), HasSubstr("data_offsets"));
  EXPECT_THAT(error_of(tensor("F32", "[2]", "[-8,0]"), 8), HasSubstr("data_offsets"));
  EXPECT_THAT(error_of(tensor("F32", "[2]", "[0,8,9]"), 8), HasSubstr("data_offsets"));
  EXPECT_THAT(error_of(tensor("F32", "[2]", "[18446744073709551608,18446744073709551615]"), 8),
              HasSubstr("ends at"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                       R"("b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}})",
                       8),
              HasSubstr("overlap"));
  EXPECT_THAT(error_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                       R"("a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})",
                       8),
              HasSubstr("twice"));
  EXPECT_THAT(error_of("{\"\xFF\":{}}", 0), HasSubstr("not valid JSON"));
}

TEST_F(SafetensorsTest, EveryTruncationAndManyMutationsAreHandled) {
  const std::vector<std::byte> image = image_of(
      R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3,2],"data_offsets":[8,14]}})",
      14);
  for (std::size_t size = 0; size < image.size(); ++size) {
    EXPECT_THROW(SafetensorsFile(std::span(image).first(size), "cut"), Error) << size;
  }
  std::mt19937 random(11);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::vector<std::byte> mutant = image;
    for (int i = 0; i < 3; ++i) {
      mutant[random() % mutant.size()] = static_cast<std::byte>(random() & 0x7FU);
    }
    try {
      const SafetensorsFile file(mutant, "mutant");
      for (const auto& [name, view] : file.tensors()) {
        ASSERT_TRUE(view.data.data() >= mutant.data() &&
                    view.data.data() + view.data.size() <= mutant.data() + mutant.size());
      }
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 10000);
}

TEST_F(SafetensorsTest, LooksLikeTellsForeignFilesApart) {
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text)); };
  EXPECT_FALSE(SafetensorsFile::looks_like({}));
  EXPECT_FALSE(SafetensorsFile::looks_like(bytes("version https://git-lfs.github.com/spec/v1\n")));
  EXPECT_FALSE(SafetensorsFile::looks_like(bytes("GGUF\3\0\0\0{")));
}

TEST_F(SafetensorsTest, MissingFileIsNotFound) {
  try {
    const SafetensorsFile file(folder_ / "none");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kNotFound);
  }
}

}  // namespace
}  // namespace axllama::base
