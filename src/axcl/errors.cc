#include "axcl/errors.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "axcl/runtime.h"

namespace axllama::axcl {
namespace {

constexpr std::uint32_t kSubDevice = 0x1;
constexpr std::uint32_t kSubMemory = 0x5;
constexpr std::uint32_t kSubEngine = 0x7;
constexpr std::uint32_t kIdNoMemory = 0x7;
constexpr std::uint32_t kFirstSpecificId = 0x80;

struct Code {
  std::uint32_t module;
  std::uint32_t sub;
  std::uint32_t id;
};

/// Composite codes are 0x80000000 | module << 24 | 0x30 << 16 | sub << 8 | id.
bool split(std::uint32_t bits, Code& code) {
  if ((bits & 0x80FF0000U) != 0x80300000U) return false;
  code = {(bits >> 24U) & 0x7FU, (bits >> 8U) & 0xFFU, bits & 0xFFU};
  return true;
}

std::string_view module_name(std::uint32_t module) {
  constexpr std::array<std::string_view, 3> kNames = {"runtime", "native", "lite"};
  return module < kNames.size() ? kNames[module] : std::string_view("unknown module");
}

std::string_view sub_name(std::uint32_t sub) {
  constexpr std::array<std::string_view, 13> kNames = {
      "general", "device",     "context",        "stream",  "task", "memory",   "config",
      "engine",  "system log", "system control", "latency", "p2p",  "user work"};
  return sub < kNames.size() ? kNames[sub] : std::string_view("unknown part");
}

std::string_view generic_meaning(std::uint32_t id) {
  constexpr std::array<std::string_view, 13> kMeanings = {"no reason given",
                                                          "failed for an unknown reason",
                                                          "null pointer",
                                                          "illegal parameter",
                                                          "not supported",
                                                          "timed out",
                                                          "busy",
                                                          "not enough memory",
                                                          "cannot encode the request",
                                                          "cannot decode the response",
                                                          "unexpected response",
                                                          "cannot open",
                                                          "execution failed"};
  return id < kMeanings.size() ? kMeanings[id] : std::string_view("unknown reason");
}

struct SpecificMeaning {
  std::uint32_t sub;
  std::uint32_t id;
  std::string_view meaning;
};

constexpr std::array kSpecificMeanings = {
    SpecificMeaning{0x1, 0x80, "device query failed"},
    SpecificMeaning{0x1, 0x81, "device is not connected"},
    SpecificMeaning{0x1, 0x82, "device probe failed"},
    SpecificMeaning{0x1, 0x83, "device is not active"},
    SpecificMeaning{0x1, 0x84, "no device has this id"},
    SpecificMeaning{0x1, 0x85, "no device is active"},
    SpecificMeaning{0x1, 0x86, "cannot allocate a port to the device"},
    SpecificMeaning{0x1, 0x87, "device reboot failed"},
    SpecificMeaning{0x1, 0x88, "cannot release the port to the device"},
    SpecificMeaning{0x2, 0x81, "cannot create the context"},
    SpecificMeaning{0x2, 0x82, "cannot destroy the context"},
    SpecificMeaning{0x2, 0x83, "cannot bind the context to the thread"},
    SpecificMeaning{0x2, 0x84, "the thread has no context"},
    SpecificMeaning{0x3, 0x81, "cannot create the stream or event"},
    SpecificMeaning{0x3, 0x82, "cannot destroy the stream or event"},
    SpecificMeaning{0x3, 0x83, "stream synchronisation timed out, or the event cannot be recorded"},
    SpecificMeaning{0x3, 0x84, "waiting for the event failed"},
    SpecificMeaning{0x5, 0x81, "the address is not card memory"},
    SpecificMeaning{0x7, 0x81, "invalid index"},
};

std::string_view meaning(const Code& code) {
  if (code.id < kFirstSpecificId) return generic_meaning(code.id);
  for (const SpecificMeaning& entry : kSpecificMeanings) {
    if (entry.sub == code.sub && entry.id == code.id) return entry.meaning;
  }
  return "unknown reason";
}

base::ErrorCode error_code(std::uint32_t bits) {
  Code code{};
  if (!split(bits, code))
    return bits == kIdNoMemory ? base::ErrorCode::kResourceExhausted : base::ErrorCode::kDevice;
  if (code.sub == kSubDevice) return base::ErrorCode::kUnavailable;
  if (code.id == kIdNoMemory) return base::ErrorCode::kResourceExhausted;
  // Some versions report a refused allocation without saying why; there is no other reason to refuse one.
  if (code.sub == kSubMemory && code.id == 0x1) return base::ErrorCode::kResourceExhausted;
  return base::ErrorCode::kDevice;
}

}  // namespace

std::string describe_axcl_error(std::int32_t error) {
  const auto bits = static_cast<std::uint32_t>(error);
  char hex[16];
  std::snprintf(hex, sizeof hex, "0x%08X", bits);
  Code code{};
  if (bits == 0) return std::string("success (") + hex + ")";
  if (!split(bits, code)) return "general, " + std::string(generic_meaning(bits)) + " (" + hex + ")";
  char id[8];
  std::snprintf(id, sizeof id, "%02X", code.id);
  return std::string(module_name(code.module)) + "/" + std::string(sub_name(code.sub)) + "/" + id + ", " +
         std::string(meaning(code)) + " (" + hex + ")";
}

AxclPart axcl_part(std::int32_t error) noexcept {
  Code code{};
  if (!split(static_cast<std::uint32_t>(error), code)) return AxclPart::kOther;
  return code.sub == kSubMemory   ? AxclPart::kMemory
         : code.sub == kSubEngine ? AxclPart::kEngine
                                  : AxclPart::kOther;
}

base::Error axcl_error(const std::string& what, std::int32_t code) {
  return {error_code(static_cast<std::uint32_t>(code)), what + ": " + describe_axcl_error(code) + "."};
}

void check_axcl(std::int32_t code, const char* what) {
  if (code != kAxclSuccess) throw axcl_error(what, code);
}

}  // namespace axllama::axcl
