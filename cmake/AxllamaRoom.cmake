# axllama_room(NAME [SOURCES_ROOT dir] [DEPENDS room...] [LIBRARIES target...] [TEST_LIBRARIES target...])
#
# Declares one room of the house: every *.cc below the current folder becomes the static library axllama_NAME;
# every *_test.cc, and every *.cc in a folder `testing`, becomes part of the test program NAME_test, whose cases ctest
# runs one by one.
# DEPENDS names rooms this one may include (docs/design.md); LIBRARIES are outside libraries.
include(GoogleTest)

function(axllama_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES;TEST_LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "(_test\\.cc$|/testing/)")
  list(FILTER sources EXCLUDE REGEX "((_test|/main)\\.cc$|/testing/)")
  list(TRANSFORM ROOM_DEPENDS PREPEND axllama_)

  if(sources)
    add_library(axllama_${name} STATIC ${sources})
    target_link_libraries(axllama_${name} PUBLIC axllama_options ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  else()
    add_library(axllama_${name} INTERFACE)
    target_link_libraries(axllama_${name} INTERFACE axllama_options ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  endif()

  if(AXLLAMA_BUILD_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE axllama_${name} ${ROOM_TEST_LIBRARIES} GTest::gmock GTest::gtest GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE AXLLAMA_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
      AXLLAMA_BINARY_DIR="${CMAKE_BINARY_DIR}")
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${AXLLAMA_TEST_TIMEOUT})
  endif()
endfunction()
