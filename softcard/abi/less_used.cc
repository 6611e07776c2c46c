#include <array>
#include <cstdarg>
#include <cstdio>
#include <string>

#include "softcard/abi/axcl_abi.h"
#include "softcard/abi/entry.h"

namespace {

// Modules of the vendor's error codes that nothing else here uses.
constexpr std::uint32_t kSystemControl = 9;
constexpr std::uint32_t kPeerToPeer = 0xB;
constexpr std::uint32_t kUserWork = 0xC;

constexpr axclError unsupported(std::uint32_t module) {
  return axllama::softcard::error_code(static_cast<axllama::softcard::Module>(module),
                                       axllama::softcard::generic::kUnsupported);
}

}  // namespace

axclError axclSetLogLevel(std::int32_t level) {
  SOFTCARD_COUNT_CALL();
  axllama::softcard::runtime().services().chatter.set_level(level);
  return 0;
}

void axclAppLog(std::int32_t level, const char* function, const char* /*tag*/, std::uint32_t line,
                const char* format, ...) {
  SOFTCARD_COUNT_CALL();
  std::va_list arguments;
  va_start(arguments, format);
  axllama::softcard::guarded([&] {
    std::array<char, 1024> text{};
    if (format != nullptr) {
      std::vsnprintf(text.data(), text.size(), format, arguments);
    }
    axllama::softcard::runtime().services().chatter.say(
        level,
        std::string(function == nullptr ? "" : function) + ":" + std::to_string(line) + " " + text.data());
  });
  va_end(arguments);
}

axclError axclrtTransferFile(const char* /*from*/, const char* /*to*/, axclrtTransferPolicy /*policy*/) {
  SOFTCARD_COUNT_CALL();
  return unsupported(kSystemControl);
}

axclError axclrtExecWorker() {
  SOFTCARD_COUNT_CALL();
  return unsupported(kUserWork);
}

axclError axclrtKillWorker() {
  SOFTCARD_COUNT_CALL();
  return unsupported(kUserWork);
}

axclError axclrtWorkerSend() {
  SOFTCARD_COUNT_CALL();
  return unsupported(kUserWork);
}

axclError axclrtWorkerRecv() {
  SOFTCARD_COUNT_CALL();
  return unsupported(kUserWork);
}

axclError axclrtControlChangePCIeSubId() {
  SOFTCARD_COUNT_CALL();
  return unsupported(kSystemControl);
}

axclError axclrtCreateP2PUnit() {
  SOFTCARD_COUNT_CALL();
  return unsupported(kPeerToPeer);
}

axclError axclrtDestoryP2PUnit() {
  SOFTCARD_COUNT_CALL();
  return unsupported(kPeerToPeer);
}
