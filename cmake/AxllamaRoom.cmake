# axllama_room(NAME [DEPENDS room...] [LIBRARIES target...] [TEST_LIBRARIES target...] [ALONE source...])
#
# Declares one room of the house: every *.cc below the current folder becomes the static library axllama_NAME;
# every *_test.cc, and every *.cc in a folder `testing`, becomes part of the test program NAME_test, whose cases ctest
# runs one by one.
# DEPENDS names rooms this one may include (docs/design.md); LIBRARIES are outside libraries. Sources are compiled several at
# once (axllama_compile_together); ALONE names those that are not, because a neighbour uses the same names for other things.
include(GoogleTest)

# Lets a target compile the sources of each folder in groups: reading the headers they share takes most of the time.
function(axllama_compile_together target)
  set(group_size 8)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  list(REMOVE_ITEM sources ${ARGN})
  foreach(source IN LISTS sources)
    get_source_file_property(options ${source} COMPILE_OPTIONS)
    if(options)  # compiled in a way of its own
      continue()
    endif()
    get_filename_component(folder ${source} DIRECTORY)
    get_filename_component(folder ${folder} NAME)
    math(EXPR group "0${count_${folder}} / ${group_size}")
    math(EXPR count_${folder} "0${count_${folder}} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${group})
  endforeach()
endfunction()

function(axllama_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES;TEST_LIBRARIES;ALONE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "(_test\\.cc$|/testing/)")
  list(FILTER sources EXCLUDE REGEX "((_test|/main)\\.cc$|/testing/)")
  list(TRANSFORM ROOM_DEPENDS PREPEND axllama_)

  if(sources)
    add_library(axllama_${name} STATIC ${sources})
    target_link_libraries(axllama_${name} PUBLIC axllama_options ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
    list(TRANSFORM ROOM_ALONE PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    axllama_compile_together(axllama_${name} ${ROOM_ALONE})
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
