# cmake -P JoinTests.cmake UNIT source...
#
# Writes UNIT: the sources one after the other, with the unnamed namespace that each of them has (it stands alone on its line)
# named after the file. Compilers report places in the sources. Paths are relative to the current folder, the root.
math(EXPR last "${CMAKE_ARGC} - 1")
set(text "")
foreach(index RANGE 4 ${last})
  set(source "${CMAKE_ARGV${index}}")
  file(READ "${source}" content)
  string(MAKE_C_IDENTIFIER "${source}" name)
  string(REPLACE "\nnamespace {\n" "\nnamespace ${name} {\n" content "${content}")
  string(APPEND text "#line 1 \"${source}\"\n${content}\n")
endforeach()
file(WRITE "${CMAKE_ARGV3}" "${text}")
