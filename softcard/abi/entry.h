#pragma once

#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>

#include "softcard/card/error.h"
#include "softcard/card/runtime.h"

namespace axllama::softcard {

/// The one runtime of the process. Never destroyed: threads of the host program may outlive its static
/// objects.
Runtime& runtime();

/// Keeps the sentence behind an error code for axllamaSoftcardLastError.
void set_last_error(std::string_view text) noexcept;
const std::string& last_error() noexcept;

/// The boundary of the C ABI: runs `body` and turns what it throws into a code. A body that returns nothing
/// means 0.
template <typename Body>
std::int32_t guarded(Body&& body) noexcept {
  try {
    if constexpr (std::is_void_v<decltype(body())>) {
      body();
      return 0;
    } else {
      return body();
    }
  } catch (const CardError& error) {
    set_last_error(error.what());
    return error.code();
  } catch (const std::bad_alloc&) {
    set_last_error("The host has no memory left.");
    return code::kPlainNoMemory;
  } catch (const std::exception& error) {
    set_last_error(error.what());
    return code::kPlainFail;
  } catch (...) {
    set_last_error("An unknown error.");
    return code::kPlainFail;
  }
}

/// Throws CardError when `pointer` is null.
template <typename Pointee>
void require(Pointee* pointer, std::int32_t code, const char* what) {
  if (pointer == nullptr) {
    throw CardError(code, std::string(what) + " is null.");
  }
}

}  // namespace axllama::softcard

/// Counts a call of the exported function it stands in.
#define SOFTCARD_COUNT_CALL()                                                                        \
  do {                                                                                               \
    static ::axllama::softcard::CallCounter& softcard_counter =                                      \
        ::axllama::softcard::runtime().services().counters.call(static_cast<const char*>(__func__)); \
    softcard_counter.add();                                                                          \
  } while (false)
