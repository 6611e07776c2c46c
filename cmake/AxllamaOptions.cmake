# Compiler settings shared by every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)

# The kernels ask for more themselves; elsewhere -O3 gains nothing but build time.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")

find_program(AXLLAMA_CCACHE ccache)
if(AXLLAMA_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${AXLLAMA_CCACHE})
endif()

add_library(axllama_options INTERFACE)
target_compile_options(axllama_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual
  # GCC 12 reports overlapping copies inside its own std::string (GCC bug 105651).
  -Wno-restrict
  -fvisibility=hidden -fvisibility-inlines-hidden)
if(AXLLAMA_WARNINGS_AS_ERRORS)
  target_compile_options(axllama_options INTERFACE -Werror)
endif()
target_include_directories(axllama_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})

if(AXLLAMA_SANITIZE)
  # GCC 12 reports false positives of this one when sanitizers rewrite the code.
  target_compile_options(axllama_options INTERFACE -fsanitize=${AXLLAMA_SANITIZE} -fno-omit-frame-pointer
    -Wno-maybe-uninitialized)
  target_link_options(axllama_options INTERFACE -fsanitize=${AXLLAMA_SANITIZE})
  if(AXLLAMA_SANITIZE STREQUAL "thread")
    # Asio counts references with a fence, which ThreadSanitizer does not see.
    target_compile_options(axllama_options INTERFACE -Wno-tsan)
  endif()
endif()

# For test programs and what only they use. Not optimised: it halves the time that compiling them takes, and what they test is.
add_library(axllama_test_options INTERFACE)
target_link_libraries(axllama_test_options INTERFACE axllama_options)
target_compile_options(axllama_test_options INTERFACE -O0)
configure_file(${CMAKE_SOURCE_DIR}/tests/paths.h.in ${CMAKE_BINARY_DIR}/generated/tests/paths.h @ONLY)
target_include_directories(axllama_test_options INTERFACE ${CMAKE_BINARY_DIR}/generated)
