# axllama_room(NAME [DEPENDS room...] [LIBRARIES target...] [TEST_LIBRARIES target...] [ALONE source...])
#
# Declares one room of the house: every *.cc below the current folder becomes the static library axllama_NAME;
# every *_test.cc, and every *.cc in a folder `testing`, becomes part of the test program NAME_test, whose cases ctest
# runs one by one.
# DEPENDS names rooms this one may include (docs/design.md); LIBRARIES are outside libraries. Sources are compiled several at
# once (axllama_together); ALONE names those that are not, because a neighbour uses the same names for other things.
include(GoogleTest)

# axllama_together(result KIND source...)
#
# Puts into `result` what is compiled instead of the sources: eight at a time, as reading the headers that they share takes most of
# the time. (CMake's own unity builds name sources by absolute paths, which ccache takes for a change in every other checkout.)
# KIND `product`: a unit includes sources of one folder. KIND `tests`: a unit holds copies of them in which each one's unnamed
# namespace has a name (JoinTests.cmake), so that they need not know of each other's names.
function(axllama_together result kind)
  set(group_size 8)
  set(units)
  foreach(source IN LISTS ARGN)
    file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR} ${source})
    set(folder tests)
    if(kind STREQUAL "product")
      get_filename_component(folder ${path} DIRECTORY)
      string(MAKE_C_IDENTIFIER ${folder} folder)
    endif()
    math(EXPR group "0${count_${folder}} / ${group_size}")
    math(EXPR count_${folder} "0${count_${folder}} + 1")
    set(unit ${folder}_${group})
    list(APPEND units ${unit})
    list(APPEND paths_${unit} ${path})
  endforeach()
  list(REMOVE_DUPLICATES units)
  set(files)
  foreach(unit IN LISTS units)
    if(kind STREQUAL "tests")
      set(file ${CMAKE_CURRENT_BINARY_DIR}/together_tests/${unit}.cc)
      set(script ${CMAKE_SOURCE_DIR}/cmake/JoinTests.cmake)
      list(TRANSFORM paths_${unit} PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
      add_custom_command(OUTPUT ${file} DEPENDS ${sources} ${script} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM
        COMMAND ${CMAKE_COMMAND} -P ${script} ${file} ${paths_${unit}})
    else()
      set(file ${CMAKE_CURRENT_BINARY_DIR}/together/${unit}.cc)
      list(TRANSFORM paths_${unit} REPLACE "(.+)" "#include \"\\1\"\n" OUTPUT_VARIABLE includes)
      string(CONCAT includes ${includes})
      file(CONFIGURE OUTPUT ${file} CONTENT "${includes}" @ONLY)
    endif()
    list(APPEND files ${file})
  endforeach()
  set(${result} ${files} PARENT_SCOPE)
endfunction()

function(axllama_room name)
  cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES;TEST_LIBRARIES;ALONE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "(_test\\.cc$|/testing/)")
  list(FILTER sources EXCLUDE REGEX "((_test|/main)\\.cc$|/testing/)")
  list(TRANSFORM ROOM_DEPENDS PREPEND axllama_)

  if(sources)
    list(TRANSFORM ROOM_ALONE PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    list(REMOVE_ITEM sources ${ROOM_ALONE})
    axllama_together(sources product ${sources})
    list(APPEND sources ${ROOM_ALONE})
    add_library(axllama_${name} STATIC ${sources})
    target_link_libraries(axllama_${name} PUBLIC axllama_options ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  else()
    add_library(axllama_${name} INTERFACE)
    target_link_libraries(axllama_${name} INTERFACE axllama_options ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
  endif()

  if(AXLLAMA_BUILD_TESTS AND tests)
    set(helpers ${tests})
    list(FILTER helpers EXCLUDE REGEX "_test\\.cc$")
    list(FILTER tests INCLUDE REGEX "_test\\.cc$")
    axllama_together(tests tests ${tests})
    add_executable(${name}_test ${tests} ${helpers})
    target_link_libraries(${name}_test PRIVATE axllama_${name} axllama_test_options ${ROOM_TEST_LIBRARIES} GTest::gmock GTest::gtest
      GTest::gtest_main)
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${AXLLAMA_TEST_TIMEOUT})
  endif()
endfunction()
