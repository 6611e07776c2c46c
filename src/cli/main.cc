#include "cli/command.h"

int main(int argc, char** argv) {
  return axllama::cli::main_with(argc, argv);
}
