#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

namespace axllama::softcard {

/// Parts of the runtime as its error codes number them.
enum class Module : std::uint32_t {
  kDevice = 1,
  kContext = 2,
  kStream = 3,
  kMemory = 5,
  kConfig = 6,
  kEngine = 7
};

/// `id` below 0x80 is one of the generic numbers below, from 0x80 on it is specific to the module.
constexpr std::int32_t error_code(Module module, std::uint32_t id) noexcept {
  return static_cast<std::int32_t>(0x80300000U | (static_cast<std::uint32_t>(module) << 8U) | id);
}

namespace generic {
inline constexpr std::uint32_t kFail = 0x01;
inline constexpr std::uint32_t kNullPointer = 0x02;
inline constexpr std::uint32_t kIllegal = 0x03;
inline constexpr std::uint32_t kUnsupported = 0x04;
inline constexpr std::uint32_t kTimeout = 0x05;
inline constexpr std::uint32_t kNoMemory = 0x07;
inline constexpr std::uint32_t kDecode = 0x09;
inline constexpr std::uint32_t kOpen = 0x0B;
inline constexpr std::uint32_t kExecute = 0x0C;
}  // namespace generic

namespace code {
inline constexpr std::int32_t kPlainFail = 1;
inline constexpr std::int32_t kPlainUnsupported = 4;
inline constexpr std::int32_t kPlainNoMemory = 7;

inline constexpr std::int32_t kDeviceNull = error_code(Module::kDevice, generic::kNullPointer);
inline constexpr std::int32_t kDeviceOpen = error_code(Module::kDevice, generic::kOpen);
inline constexpr std::int32_t kDeviceQuery = error_code(Module::kDevice, 0x80);
inline constexpr std::int32_t kDeviceNotConnected = error_code(Module::kDevice, 0x81);
inline constexpr std::int32_t kDeviceNotActive = error_code(Module::kDevice, 0x83);
inline constexpr std::int32_t kDeviceInvalidId = error_code(Module::kDevice, 0x84);
inline constexpr std::int32_t kNoActiveDevice = error_code(Module::kDevice, 0x85);
inline constexpr std::int32_t kContextNull = error_code(Module::kContext, generic::kNullPointer);
inline constexpr std::int32_t kContextIllegal = error_code(Module::kContext, generic::kIllegal);
inline constexpr std::int32_t kNoContextBound = error_code(Module::kContext, 0x84);
inline constexpr std::int32_t kStreamNull = error_code(Module::kStream, generic::kNullPointer);
inline constexpr std::int32_t kStreamIllegal = error_code(Module::kStream, generic::kIllegal);
inline constexpr std::int32_t kStreamSyncTimeout = error_code(Module::kStream, 0x83);
inline constexpr std::int32_t kStreamWait = error_code(Module::kStream, 0x84);
inline constexpr std::int32_t kMemoryFail = error_code(Module::kMemory, generic::kFail);
inline constexpr std::int32_t kMemoryNull = error_code(Module::kMemory, generic::kNullPointer);
inline constexpr std::int32_t kMemoryIllegal = error_code(Module::kMemory, generic::kIllegal);
inline constexpr std::int32_t kMemoryUnsupported = error_code(Module::kMemory, generic::kUnsupported);
inline constexpr std::int32_t kMemoryExhausted = error_code(Module::kMemory, generic::kNoMemory);
inline constexpr std::int32_t kUsageUnreadable = error_code(Module::kMemory, generic::kExecute);
inline constexpr std::int32_t kNotDeviceMemory = error_code(Module::kMemory, 0x81);
inline constexpr std::int32_t kEngineFail = error_code(Module::kEngine, generic::kFail);
inline constexpr std::int32_t kEngineNull = error_code(Module::kEngine, generic::kNullPointer);
inline constexpr std::int32_t kEngineIllegal = error_code(Module::kEngine, generic::kIllegal);
inline constexpr std::int32_t kEngineUnsupported = error_code(Module::kEngine, generic::kUnsupported);
inline constexpr std::int32_t kEngineNoMemory = error_code(Module::kEngine, generic::kNoMemory);
inline constexpr std::int32_t kEngineDecode = error_code(Module::kEngine, generic::kDecode);
inline constexpr std::int32_t kEngineExecute = error_code(Module::kEngine, generic::kExecute);
}  // namespace code

/// What a card call fails with: the code its caller sees and a sentence for the log. Never crosses the C ABI.
class CardError : public std::exception {
 public:
  CardError(std::int32_t code, std::string text) : code_(code), text_(std::move(text)) {}

  std::int32_t code() const noexcept { return code_; }
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::int32_t code_;
  std::string text_;
};

/// "0x140000000", for sentences.
std::string hex(std::uint64_t value);

}  // namespace axllama::softcard
