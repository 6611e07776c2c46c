#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <dlfcn.h>

namespace axllama::axcl::testing {

/// The folder of one fake runtime (fake_runtime.c).
inline std::filesystem::path fake_library_path(const std::string& variant) {
  return std::filesystem::path(AXLLAMA_FAKE_AXCL) / variant / "libaxcl_rt.so";
}

/// Controls of a fake runtime. Resets it when constructed.
class FakeLibrary {
 public:
  explicit FakeLibrary(const std::string& variant) : path_(fake_library_path(variant)) {
    handle_ = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) throw std::runtime_error(::dlerror());
    function<void()>("fake_reset")();
  }

  const std::filesystem::path& path() const { return path_; }
  /// One line per call so far.
  std::string trace() const { return function<const char*()>("fake_trace")(); }
  void clear_trace() const { function<void()>("fake_clear_trace")(); }
  /// What the file given to axclInit contained.
  std::string init_config() const { return function<const char*()>("fake_init_config")(); }
  /// Every call of `symbol` answers `code` from now on. `symbol` must be a literal.
  void fail(const char* symbol, std::uint32_t code) const {
    function<void(const char*, std::int32_t)>("fake_fail")(symbol, static_cast<std::int32_t>(code));
  }
  void list_after(std::int64_t calls) const { function<void(std::int64_t)>("fake_list_after")(calls); }
  void set_device_count(std::int32_t count) const {
    function<void(std::int32_t)>("fake_set_device_count")(count);
  }
  void set_input_size(std::uint64_t size) const {
    function<void(std::uint64_t)>("fake_set_input_size")(size);
  }

 private:
  template <typename Signature>
  Signature* function(const char* name) const {
    auto* found = reinterpret_cast<Signature*>(::dlsym(handle_, name));
    if (found == nullptr) throw std::runtime_error(name);
    return found;
  }

  std::filesystem::path path_;
  void* handle_ = nullptr;
};

/// Sets an environment variable for the life of the object.
class ScopedEnvironment {
 public:
  ScopedEnvironment(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~ScopedEnvironment() { ::unsetenv(name_); }
  ScopedEnvironment(const ScopedEnvironment&) = delete;
  ScopedEnvironment& operator=(const ScopedEnvironment&) = delete;

 private:
  const char* name_;
};

}  // namespace axllama::axcl::testing
