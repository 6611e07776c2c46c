#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

namespace axllama::api {

/// Weights to make a package of.
struct CompileJob {
  std::filesystem::path source;  // a GGUF file, or a folder with a Hugging Face checkpoint
  std::filesystem::path output;  // package folder to make
  std::string weight_type = {};  // "bf16", "s8", ...; empty: the compiler's default
  std::size_t max_context = 0;   // 0: the compiler's default
};

/// Makes a package for the software card; calls the second argument with (files written, files in all), whose
/// exceptions end the work. Throws Error saying what in the weights is not understood.
using CompileFunction =
    std::function<void(const CompileJob&, const std::function<void(std::size_t, std::size_t)>&)>;

}  // namespace axllama::api
