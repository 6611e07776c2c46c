#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace axllama::axcl {

inline constexpr std::int32_t kAxclSuccess = 0;

/// The code as the vendor writes it, for comparisons: composite codes are negative as int32.
constexpr std::int32_t axcl_code(std::uint32_t hex) noexcept {
  return static_cast<std::int32_t>(hex);
}

/// What axclInit answers when the driver's node is absent.
inline constexpr std::int32_t kAxclNoCard = axcl_code(0x8030010BU);

/// What part of the runtime an error code is about.
enum class AxclPart { kMemory, kEngine, kOther };
AxclPart axcl_part(std::int32_t code) noexcept;

/// An Error whose message is "WHAT: module/sub/id, meaning (0xHEX)." and whose code follows from the
/// sub-module: no memory is kResourceExhausted, anything about the device kUnavailable, the rest kDevice.
base::Error axcl_error(const std::string& what, std::int32_t code);

/// Throws axcl_error unless `code` is success.
void check_axcl(std::int32_t code, const char* what);

}  // namespace axllama::axcl
