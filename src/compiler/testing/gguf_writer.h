#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace axllama::compiler::testing {

/// Builds GGUF files for tests, in the order of the calls.
class GgufWriter {
 public:
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;  // of the file; written as general.alignment when it is not 32

  void text(const std::string& key, const std::string& value) {
    pair(key, 8);
    string(values_, value);
  }
  void count(const std::string& key, std::uint32_t value) {
    pair(key, 4);
    append(values_, value);
  }
  void number(const std::string& key, float value) {
    pair(key, 6);
    append(values_, value);
  }
  void flag(const std::string& key, bool value) {
    pair(key, 7);
    append(values_, static_cast<std::uint8_t>(value ? 1 : 0));
  }
  void texts(const std::string& key, const std::vector<std::string>& list) {
    array(key, 8, list.size());
    for (const std::string& value : list) string(values_, value);
  }
  void integers(const std::string& key, const std::vector<std::int32_t>& list) {
    array(key, 5, list.size());
    for (const std::int32_t value : list) append(values_, value);
  }
  void numbers(const std::string& key, const std::vector<float>& list) {
    array(key, 6, list.size());
    for (const float value : list) append(values_, value);
  }

  /// `dims` with the fastest-varying first.
  void tensor(const std::string& name, std::vector<std::uint64_t> dims, std::uint32_t type,
              std::span<const std::byte> bytes) {
    while (data_.size() % alignment != 0) data_.push_back('\0');
    string(tensors_, name);
    append(tensors_, static_cast<std::uint32_t>(dims.size()));
    for (const std::uint64_t dim : dims) append(tensors_, dim);
    append(tensors_, type);
    append(tensors_, static_cast<std::uint64_t>(data_.size()));
    data_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    ++tensor_count_;
  }
  void tensor(const std::string& name, std::vector<std::uint64_t> dims, const std::vector<float>& values) {
    tensor(name, std::move(dims), 0, std::as_bytes(std::span(values)));
  }

  std::string bytes() {
    if (alignment != 32) count("general.alignment", static_cast<std::uint32_t>(alignment));
    std::string file = "GGUF";
    append(file, version);
    append(file, tensor_count_);
    append(file, value_count_);
    file += values_ + tensors_;
    while (file.size() % alignment != 0) file.push_back('\0');
    return file + data_;
  }
  void write(const std::filesystem::path& path) { std::ofstream(path, std::ios::binary) << bytes(); }

 private:
  template <typename T>
  static void append(std::string& to, T value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    to.append(raw, sizeof value);
  }
  static void string(std::string& to, const std::string& value) {
    append(to, static_cast<std::uint64_t>(value.size()));
    to += value;
  }
  void pair(const std::string& key, std::uint32_t kind) {
    string(values_, key);
    append(values_, kind);
    ++value_count_;
  }
  void array(const std::string& key, std::uint32_t kind, std::size_t size) {
    pair(key, 9);
    append(values_, kind);
    append(values_, static_cast<std::uint64_t>(size));
  }

  std::string values_;
  std::string tensors_;
  std::string data_;
  std::uint64_t value_count_ = 0;
  std::uint64_t tensor_count_ = 0;
};

}  // namespace axllama::compiler::testing
