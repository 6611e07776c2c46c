// Compiling takes little memory, however large a model's tensors are: what this program allocates is counted.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>
#include <malloc.h>

#include "compiler/compiler.h"
#include "compiler/testing/checkpoint_folder.h"

namespace axllama::compiler::host_memory {

std::atomic<std::size_t> allocated{0};
std::atomic<std::size_t> most_allocated{0};

}  // namespace axllama::compiler::host_memory

namespace host_memory = axllama::compiler::host_memory;

void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  void* memory = std::malloc(std::max<std::size_t>(size, 1));
  if (memory == nullptr) {
    return nullptr;
  }
  const std::size_t now = host_memory::allocated += malloc_usable_size(memory);
  std::size_t most = host_memory::most_allocated;
  while (now > most && !host_memory::most_allocated.compare_exchange_weak(most, now)) {
  }
  return memory;
}

void* operator new(std::size_t size) {
  void* memory = operator new(size, std::nothrow);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

void operator delete(void* memory) noexcept {
  host_memory::allocated -= malloc_usable_size(memory);
  std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  operator delete(memory);
}

namespace axllama::compiler {
namespace {

using testing::Checkpoint;

constexpr std::int64_t kRows = 60'000;  // of the embedding table, which is also the head

TEST(CompilerMemory, StaysBelowTwiceTheLargestTensor) {
  for (const char* stored : {"BF16", "F32"}) {
    const testing::TemporaryFolder folder;
    const std::size_t largest = kRows * Checkpoint::kHidden * (stored == std::string("F32") ? 4 : 2);
    {
      Checkpoint checkpoint;
      checkpoint.config["vocab_size"] = kRows;
      checkpoint.add("model.embed_tokens.weight", {kRows, Checkpoint::kHidden});
      checkpoint.tensors["model.embed_tokens.weight"].dtype = stored;
      checkpoint.write(folder.path() / "checkpoint");
    }
    for (const std::string& type : weight_types()) {
      CompileOptions options;
      options.source = folder.path() / "checkpoint";
      options.output = folder.path() / ("package-" + type);
      options.weight_type = type;
      options.max_context = 256;
      const std::size_t before = host_memory::allocated;
      host_memory::most_allocated = before;
      const CompileSummary summary = compile(options, {});
      EXPECT_GT(summary.bytes, largest / 4) << "the table is in the package";
      EXPECT_LT(host_memory::most_allocated - before, 2 * largest) << stored << " as " << type;
    }
  }
}

}  // namespace
}  // namespace axllama::compiler
