#include "base/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace axllama::base {
namespace {

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeaderBytes = 100'000'000;  // the format's own limit
constexpr int kMaxHeaderDepth = 3;                    // object, tensor, shape
constexpr std::string_view kMetadataKey = "__metadata__";

struct DtypeSize {
  std::string_view dtype;
  std::size_t bytes;
};

constexpr std::array kDtypeSizes = {
    DtypeSize{"BOOL", 1},    DtypeSize{"U8", 1},  DtypeSize{"I8", 1},  DtypeSize{"F8_E4M3", 1},
    DtypeSize{"F8_E5M2", 1}, DtypeSize{"U16", 2}, DtypeSize{"I16", 2}, DtypeSize{"F16", 2},
    DtypeSize{"BF16", 2},    DtypeSize{"U32", 4}, DtypeSize{"I32", 4}, DtypeSize{"F32", 4},
    DtypeSize{"U64", 8},     DtypeSize{"I64", 8}, DtypeSize{"F64", 8},
};

[[noreturn]] void fail(const std::string& file, const std::string& reason) {
  throw Error(ErrorCode::kInvalidArgument, file + ": " + reason + ".");
}

std::uint64_t read_header_length(std::span<const std::byte> image) noexcept {
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) {
    length = (length << 8U) | std::to_integer<std::uint64_t>(image[i]);
  }
  return length;
}

/// Parses the header, refusing what nlohmann-json would let through: duplicate names and deep nesting.
json parse_header(const std::string& file, std::string_view text) {
  std::set<std::string, std::less<>> names;
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    if (depth > kMaxHeaderDepth) {
      fail(file,
           "the safetensors header is nested deeper than " + std::to_string(kMaxHeaderDepth) + " levels");
    }
    if (event == json::parse_event_t::key && depth == 1) {
      const auto& key = value.get_ref<const std::string&>();
      if (!names.insert(key).second) fail(file, "the safetensors header names \"" + key + "\" twice");
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), check);
  } catch (const json::exception& e) {
    throw Error(ErrorCode::kInvalidArgument, file + ": the safetensors header is not valid JSON.", e.what());
  }
}

/// The JSON number as a size, or nothing when it is negative, fractional or above `limit`.
std::optional<std::uint64_t> as_size(const json& value, std::uint64_t limit) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto number = value.get<std::uint64_t>();
  if (number > limit) return std::nullopt;
  return number;
}

std::vector<std::int64_t> parse_shape(const std::string& file, const std::string& name, const json& entry) {
  const auto field = entry.find("shape");
  if (field == entry.end() || !field->is_array()) fail(file, "tensor " + name + " has no shape array");
  std::vector<std::int64_t> shape;
  shape.reserve(field->size());
  for (const json& dim : *field) {
    const auto size = as_size(dim, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    if (!size) fail(file, "tensor " + name + " has the impossible dimension " + dim.dump());
    shape.push_back(static_cast<std::int64_t>(*size));
  }
  return shape;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t dim : shape) {
    if (text.size() > 1) text += ',';
    text += std::to_string(dim);
  }
  return text + "]";
}

/// Bytes of dtype x shape; nothing when a dimension is negative or the product overflows.
std::optional<std::uint64_t> tensor_bytes(std::string_view dtype, const std::vector<std::int64_t>& shape) {
  std::uint64_t bytes = safetensors_dtype_size(dtype);
  for (const std::int64_t dim : shape) {
    if (dim < 0) return std::nullopt;
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dim), &bytes)) return std::nullopt;
  }
  return bytes;
}

struct Extent {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string_view name;
};

Extent parse_extent(const std::string& file, std::string_view name, const json& entry,
                    std::uint64_t data_bytes) {
  const auto field = entry.find("data_offsets");
  const std::string label = "tensor " + std::string(name);
  if (field == entry.end() || !field->is_array() || field->size() != 2) {
    fail(file, label + " has no pair of data_offsets");
  }
  constexpr auto kNoLimit = std::numeric_limits<std::uint64_t>::max();
  const auto begin = as_size((*field)[0], kNoLimit);
  const auto end = as_size((*field)[1], kNoLimit);
  if (!begin || !end || *begin > *end)
    fail(file, label + " has the impossible data_offsets " + field->dump());
  if (*end > data_bytes) {
    fail(file, label + " ends at data byte " + std::to_string(*end) + " but the file holds " +
                   std::to_string(data_bytes) + " data bytes");
  }
  return {*begin, *end, name};
}

void check_disjoint(const std::string& file, std::vector<Extent> extents) {
  std::erase_if(extents, [](const Extent& extent) { return extent.begin == extent.end; });
  std::sort(extents.begin(), extents.end(),
            [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < extents.size(); ++i) {
    if (extents[i].begin >= extents[i - 1].end) continue;
    fail(file, "tensors " + std::string(extents[i - 1].name) + " and " + std::string(extents[i].name) +
                   " overlap at data byte " + std::to_string(extents[i].begin));
  }
}

}  // namespace

std::size_t safetensors_dtype_size(std::string_view dtype) {
  for (const DtypeSize& known : kDtypeSizes) {
    if (known.dtype == dtype) return known.bytes;
  }
  throw Error(ErrorCode::kInvalidArgument,
              "the safetensors dtype \"" + std::string(dtype) + "\" is unknown.");
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : file_(path), name_(path.string()) {
  parse(file_.bytes());
}

SafetensorsFile::SafetensorsFile(std::span<const std::byte> image, std::string name)
    : name_(std::move(name)) {
  parse(image);
}

bool SafetensorsFile::looks_like(std::span<const std::byte> image) noexcept {
  if (image.size() <= kLengthBytes) return false;
  const std::uint64_t length = read_header_length(image);
  return length >= 2 && length <= kMaxHeaderBytes && image[kLengthBytes] == std::byte{'{'};
}

const SafetensorsView& SafetensorsFile::tensor(std::string_view tensor_name) const {
  const auto found = tensors_.find(tensor_name);
  if (found == tensors_.end()) fail(name_, "there is no tensor " + std::string(tensor_name));
  return found->second;
}

void SafetensorsFile::parse(std::span<const std::byte> image) {
  if (image.size() < kLengthBytes) {
    fail(name_, "a safetensors file has at least 8 bytes, this one has " + std::to_string(image.size()));
  }
  const std::uint64_t header_bytes = read_header_length(image);
  if (header_bytes > kMaxHeaderBytes) {
    fail(name_, "the safetensors header claims " + std::to_string(header_bytes) + " bytes, the limit is " +
                    std::to_string(kMaxHeaderBytes));
  }
  if (header_bytes > image.size() - kLengthBytes) {
    fail(name_, "the safetensors header claims " + std::to_string(header_bytes) + " bytes but only " +
                    std::to_string(image.size() - kLengthBytes) + " follow");
  }
  const auto header_size = static_cast<std::size_t>(header_bytes);
  const std::string_view text(reinterpret_cast<const char*>(image.data()) + kLengthBytes, header_size);
  const std::span<const std::byte> data = image.subspan(kLengthBytes + header_size);

  const json header = parse_header(name_, text);
  if (!header.is_object()) fail(name_, "the safetensors header is not a JSON object");

  std::vector<Extent> extents;
  extents.reserve(header.size());
  for (const auto& [key, entry] : header.items()) {
    if (!entry.is_object()) fail(name_, "the safetensors header entry " + key + " is not an object");
    if (key == kMetadataKey) {
      for (const auto& [field, value] : entry.items()) {
        if (!value.is_string()) fail(name_, "the metadata field " + field + " is not a string");
        metadata_.emplace(field, value.get<std::string>());
      }
      continue;
    }
    const auto dtype = entry.find("dtype");
    if (dtype == entry.end() || !dtype->is_string()) fail(name_, "tensor " + key + " has no dtype");
    SafetensorsView view;
    view.dtype = dtype->get<std::string>();
    view.shape = parse_shape(name_, key, entry);
    const bool known = std::any_of(kDtypeSizes.begin(), kDtypeSizes.end(),
                                   [&](const DtypeSize& size) { return size.dtype == view.dtype; });
    if (!known) fail(name_, "tensor " + key + " has the unknown dtype " + view.dtype);
    const Extent extent = parse_extent(name_, key, entry, data.size());
    const auto bytes = tensor_bytes(view.dtype, view.shape);
    if (!bytes || *bytes != extent.end - extent.begin) {
      fail(name_, "tensor " + key + " of " + view.dtype + " " + shape_text(view.shape) + " needs " +
                      (bytes ? std::to_string(*bytes) : std::string("more than 2^64")) +
                      " bytes but its data_offsets span " + std::to_string(extent.end - extent.begin));
    }
    view.data = data.subspan(static_cast<std::size_t>(extent.begin),
                             static_cast<std::size_t>(extent.end - extent.begin));
    const auto inserted = tensors_.emplace(key, std::move(view)).first;
    extents.push_back({extent.begin, extent.end, inserted->first});
  }
  check_disjoint(name_, std::move(extents));
}

}  // namespace axllama::base
