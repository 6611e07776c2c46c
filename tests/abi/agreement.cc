// Compiling this is the test: the binding (src/axcl/abi.h) and the software card (softcard/abi) declare the
// same C ABI, each for itself. What they name differently by intent is mapped to one type before comparing:
// enums to the integers below them, and the three structs, of which the headers check sizes and offsets.
#include <type_traits>

#include "axcl/abi.h"
#include "softcard/abi/softcard_ext.h"

namespace axllama::axcl {
namespace {

template <typename T>
struct Plain {
  using Type = T;
};
template <typename T>
  requires std::is_enum_v<T>
struct Plain<T> {
  using Type = std::underlying_type_t<T>;
};
template <>
struct Plain<::axclrtDeviceList> {
  using Type = AxclDeviceList;
};
template <>
struct Plain<::axclrtEngineIODims> {
  using Type = AxclIoDims;
};
template <>
struct Plain<::axclrtDeviceProperties> {
  using Type = AxclDeviceProperties;
};
template <typename T>
struct Plain<T*> {
  using Type = typename Plain<T>::Type*;
};
template <typename Result, typename... Parameters>
struct Plain<Result(Parameters...)> {
  using Type = typename Plain<Result>::Type(typename Plain<Parameters>::Type...);
};

template <typename One, typename Other>
constexpr bool kSame = std::is_same_v<typename Plain<One>::Type, typename Plain<Other>::Type>;

// It tells apart what differs in the result, in the sign or size of a parameter, and in their number.
static_assert(kSame<AxclError(MemcpyKind*), ::axclError(std::int32_t*)>);
static_assert(!kSame<AxclError(MemcpyKind), ::axclError(std::uint32_t)>);
static_assert(!kSame<AxclError(std::uint64_t), ::axclError(std::uint32_t)>);
static_assert(!kSame<AxclError(), ::axclError(void*)>);
static_assert(!kSame<AxclError(), void()>);

// NOLINTBEGIN(bugprone-macro-parentheses)
#define AXLLAMA_AGREES(symbol, result, ...)                             \
  static_assert(kSame<result(__VA_ARGS__), decltype(::symbol)>, #symbol \
                " is declared differently in src/axcl/abi.h "           \
                "and in softcard/abi");
// NOLINTEND(bugprone-macro-parentheses)
AXLLAMA_AXCL_REQUIRED_SYMBOLS(AXLLAMA_AGREES)
AXLLAMA_AXCL_OPTIONAL_SYMBOLS(AXLLAMA_AGREES)
#undef AXLLAMA_AGREES

static_assert(sizeof(AxclDeviceList) == sizeof(::axclrtDeviceList));
static_assert(sizeof(AxclIoDims) == sizeof(::axclrtEngineIODims));
static_assert(sizeof(AxclDeviceProperties) == sizeof(::axclrtDeviceProperties));

}  // namespace
}  // namespace axllama::axcl
