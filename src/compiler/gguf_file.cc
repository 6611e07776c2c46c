#include "compiler/gguf_file.h"

#include <array>
#include <cstring>
#include <fstream>
#include <limits>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace axllama::compiler {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::string_view kMagic = "GGUF";
constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::size_t kMostAxes = 4;

// Kinds of metadata values, with the format's numbers.
enum class Kind : std::uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

struct TensorEntry {
  std::string name;
  GgufTensor tensor;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

}  // namespace

/// One pass over the header.
class GgufFile::Parser {
 public:
  explicit Parser(GgufFile& file) : file_(file), bytes_(file.file_.bytes()) {}

  void parse() {
    const auto magic = take(kMagic.size());
    if (std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0) fail("does not begin with GGUF");
    const auto version = read<std::uint32_t>();
    if (version != 2 && version != 3) {
      fail("has version " + std::to_string(version) + "; versions 2 and 3 (little-endian) are read",
           ErrorCode::kUnsupported);
    }
    const auto tensor_count = read<std::uint64_t>();
    const auto value_count = read<std::uint64_t>();
    for (std::uint64_t i = 0; i < value_count; ++i) read_pair();
    std::vector<TensorEntry> entries;
    for (std::uint64_t i = 0; i < tensor_count; ++i) entries.push_back(read_tensor());
    place(entries);
  }

 private:
  [[noreturn]] void fail(const std::string& what, ErrorCode code = ErrorCode::kInvalidArgument) const {
    throw Error(code, file_.path().string() + " " + what + ".");
  }

  std::span<const std::byte> take(std::uint64_t size) {
    if (size > bytes_.size() - at_) {
      fail("ends at byte " + std::to_string(bytes_.size()) + ", but its header asks for " +
           std::to_string(size) + " bytes at " + std::to_string(at_));
    }
    const auto part = bytes_.subspan(at_, size);
    at_ += size;
    return part;
  }

  template <typename T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string read_string() {
    const auto length = read<std::uint64_t>();
    const auto text = take(length);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }

  std::int64_t read_integer(Kind kind, const std::string& key) {
    switch (kind) {
      case Kind::kUint8:
        return read<std::uint8_t>();
      case Kind::kInt8:
        return read<std::int8_t>();
      case Kind::kUint16:
        return read<std::uint16_t>();
      case Kind::kInt16:
        return read<std::int16_t>();
      case Kind::kUint32:
        return read<std::uint32_t>();
      case Kind::kInt32:
        return read<std::int32_t>();
      case Kind::kInt64:
        return read<std::int64_t>();
      case Kind::kBool:
        return read<std::uint8_t>() != 0 ? 1 : 0;
      case Kind::kUint64: {
        const auto value = read<std::uint64_t>();
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
          fail("has the value " + std::to_string(value) + " for " + key + ", which is too large");
        }
        return static_cast<std::int64_t>(value);
      }
      default:
        fail("has a value of the unknown kind " + std::to_string(static_cast<std::uint32_t>(kind)) + " for " +
             key);
    }
  }

  GgufValue read_value(Kind kind, const std::string& key) {
    switch (kind) {
      case Kind::kFloat32:
        return static_cast<double>(read<float>());
      case Kind::kFloat64:
        return read<double>();
      case Kind::kString:
        return read_string();
      case Kind::kBool:
        return read<std::uint8_t>() != 0;
      case Kind::kArray:
        return read_array(key);
      default:
        return read_integer(kind, key);
    }
  }

  GgufValue read_array(const std::string& key) {
    const auto kind = static_cast<Kind>(read<std::uint32_t>());
    const auto length = read<std::uint64_t>();
    // Every element takes at least a byte: an absurd length fails before anything is allocated for it.
    if (length > bytes_.size() - at_) {
      fail("has " + std::to_string(bytes_.size() - at_) + " bytes left for the " + std::to_string(length) +
           " elements of " + key);
    }
    if (kind == Kind::kString) {
      std::vector<std::string> texts;
      for (std::uint64_t i = 0; i < length; ++i) texts.push_back(read_string());
      return texts;
    }
    if (kind == Kind::kFloat32 || kind == Kind::kFloat64) {
      std::vector<double> numbers;
      for (std::uint64_t i = 0; i < length; ++i) {
        numbers.push_back(kind == Kind::kFloat32 ? static_cast<double>(read<float>()) : read<double>());
      }
      return numbers;
    }
    std::vector<std::int64_t> integers;
    for (std::uint64_t i = 0; i < length; ++i) integers.push_back(read_integer(kind, key));
    return integers;
  }

  void read_pair() {
    std::string key = read_string();
    const auto kind = static_cast<Kind>(read<std::uint32_t>());
    GgufValue value = read_value(kind, key);
    if (!file_.metadata_.emplace(key, std::move(value)).second) fail("has the key " + key + " twice");
  }

  TensorEntry read_tensor() {
    TensorEntry entry;
    entry.name = read_string();
    const auto axes = read<std::uint32_t>();
    if (axes == 0 || axes > kMostAxes) fail("gives " + entry.name + " " + std::to_string(axes) + " axes");
    std::uint64_t elements = 1;
    for (std::uint32_t axis = 0; axis < axes; ++axis) {
      const auto dim = read<std::uint64_t>();
      if (dim == 0 || dim > std::numeric_limits<std::uint32_t>::max() ||
          elements > std::numeric_limits<std::uint64_t>::max() / 16 / dim) {
        fail("gives " + entry.name + " an axis of " + std::to_string(dim));
      }
      elements *= dim;
      entry.tensor.dims.push_back(dim);
    }
    entry.tensor.type = static_cast<GgmlType>(read<std::uint32_t>());
    entry.offset = read<std::uint64_t>();
    const GgmlBlock* block = ggml_block(entry.tensor.type);
    if (block == nullptr) {
      fail("holds " + entry.name + " in the quantisation type " +
               std::to_string(static_cast<std::uint32_t>(entry.tensor.type)) +
               "; read are F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and Q6_K",
           ErrorCode::kUnsupported);
    }
    if (entry.tensor.dims[0] % block->elements != 0) {
      fail("gives " + entry.name + " rows of " + std::to_string(entry.tensor.dims[0]) +
           " values, no multiple of the " + std::to_string(block->elements) + " of a " +
           std::string(block->name) + " block");
    }
    entry.bytes = elements / block->elements * block->bytes;
    return entry;
  }

  void place(std::vector<TensorEntry>& entries) {
    const std::uint64_t alignment = file_.count("general.alignment").value_or(kDefaultAlignment);
    if (alignment == 0 || alignment > std::numeric_limits<std::uint32_t>::max()) {
      fail("has the alignment " + std::to_string(alignment));
    }
    const std::uint64_t begin = (at_ + alignment - 1) / alignment * alignment;
    for (TensorEntry& entry : entries) {
      const std::uint64_t room = begin <= bytes_.size() ? bytes_.size() - begin : 0;
      if (entry.offset > room || entry.bytes > room - entry.offset) {
        fail("ends at byte " + std::to_string(bytes_.size()) + ", but " + entry.name + " has " +
             std::to_string(entry.bytes) + " bytes at " + std::to_string(begin) + " + " +
             std::to_string(entry.offset));
      }
      entry.tensor.data = bytes_.subspan(begin + entry.offset, entry.bytes);
      if (!file_.tensors_.emplace(entry.name, std::move(entry.tensor)).second) {
        fail("has the tensor " + entry.name + " twice");
      }
    }
  }

  GgufFile& file_;
  std::span<const std::byte> bytes_;
  std::uint64_t at_ = 0;
};

GgufFile::GgufFile(const std::filesystem::path& path) : file_(path) {
  Parser(*this).parse();
}

bool GgufFile::looks_like(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> magic{};
  return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), magic.size()) == kMagic;
}

const GgufValue* GgufFile::find(std::string_view key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &found->second;
}

template <typename T>
const T* GgufFile::typed(std::string_view key, const char* kind) const {
  const GgufValue* value = find(key);
  if (value == nullptr) return nullptr;
  if (const T* found = std::get_if<T>(value)) return found;
  throw Error(ErrorCode::kInvalidArgument,
              path().string() + ": " + std::string(key) + " must be " + kind + ".");
}

std::optional<std::string> GgufFile::text(std::string_view key) const {
  const auto* value = typed<std::string>(key, "a string");
  return value == nullptr ? std::nullopt : std::optional(*value);
}

std::optional<double> GgufFile::number(std::string_view key) const {
  const GgufValue* value = find(key);
  if (value != nullptr && std::holds_alternative<std::int64_t>(*value)) {
    return static_cast<double>(std::get<std::int64_t>(*value));
  }
  const auto* number = typed<double>(key, "a number");
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<std::uint64_t> GgufFile::count(std::string_view key) const {
  const auto* value = typed<std::int64_t>(key, "a whole number");
  if (value == nullptr) return std::nullopt;
  if (*value < 0) {
    throw Error(ErrorCode::kInvalidArgument, path().string() + ": " + std::string(key) + " is " +
                                                 std::to_string(*value) + ", which is negative.");
  }
  return static_cast<std::uint64_t>(*value);
}

std::optional<bool> GgufFile::flag(std::string_view key) const {
  const auto* value = typed<bool>(key, "true or false");
  return value == nullptr ? std::nullopt : std::optional(*value);
}

const std::vector<std::string>* GgufFile::texts(std::string_view key) const {
  return typed<std::vector<std::string>>(key, "a list of strings");
}

const std::vector<std::int64_t>* GgufFile::integers(std::string_view key) const {
  return typed<std::vector<std::int64_t>>(key, "a list of whole numbers");
}

const std::vector<double>* GgufFile::numbers(std::string_view key) const {
  return typed<std::vector<double>>(key, "a list of numbers");
}

}  // namespace axllama::compiler
