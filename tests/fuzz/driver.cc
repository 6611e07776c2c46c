// Runs a libFuzzer entry without libFuzzer: over every file of the given files and folders, then over seeded
// mutations of them, so that the default tests exercise every entry with the product's own compiler.
//
//   tokenizer_fuzz [--runs N] [--seed S] PATH...
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kLongestSeed = std::size_t{1} << 16U;    // larger files are mutated in their beginning
constexpr std::size_t kLongestMutant = std::size_t{1} << 12U;  // bytes
constexpr std::size_t kMostMutations = 6;                      // per mutant

using Bytes = std::string;

void run(const Bytes& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::vector<Bytes> read_seeds(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::filesystem::path> files;
  for (const auto& path : paths) {
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
      }
    } else {
      files.push_back(path);
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<Bytes> seeds;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
      std::cerr << file << " cannot be read.\n";
      std::exit(2);
    }
    seeds.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return seeds;
}

/// Makes new inputs from old ones: the same for the same seed.
class Mutator {
 public:
  Mutator(std::vector<Bytes> seeds, std::uint64_t seed) : seeds_(std::move(seeds)), random_(seed) {
    for (Bytes& bytes : seeds_) bytes.resize(std::min(bytes.size(), kLongestSeed));
  }

  Bytes next() {
    Bytes bytes = piece_of_a_seed();
    for (std::size_t i = below(kMostMutations) + 1; i > 0; --i) mutate(bytes);
    return bytes;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  Bytes piece_of_a_seed() {
    const Bytes& seed = seeds_[below(seeds_.size())];
    const std::size_t first = seed.size() <= kLongestMutant ? 0 : below(seed.size() - kLongestMutant);
    return seed.substr(first, kLongestMutant);
  }

  void mutate(Bytes& bytes) {
    const std::size_t place = below(bytes.size() + 1);
    const std::size_t length = std::min(bytes.size() - place, below(16) + 1);
    switch (below(6)) {
      case 0:
        bytes.insert(place, 1, static_cast<char>(random_()));
        break;
      case 1:
        bytes.erase(place, length);
        break;
      case 2:
        bytes.insert(place, bytes.substr(place, length));
        break;
      case 3:
        if (place < bytes.size()) bytes[place] = static_cast<char>(bytes[place] ^ (1 << below(8)));
        break;
      case 4: {
        const Bytes other = piece_of_a_seed();
        bytes.insert(place, other.substr(below(other.size()), below(32)));
        break;
      }
      default:
        bytes.resize(place);
    }
    bytes.resize(std::min(bytes.size(), kLongestMutant));
  }

  std::vector<Bytes> seeds_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t runs = 1000;
  std::uint64_t seed = 1;
  std::vector<std::filesystem::path> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--runs" && i + 1 < argc) {
      runs = std::strtoull(argv[++i], nullptr, 10);
    } else if (argument == "--seed" && i + 1 < argc) {
      seed = std::strtoull(argv[++i], nullptr, 10);
    } else {
      paths.emplace_back(argument);
    }
  }
  const std::vector<Bytes> seeds = read_seeds(paths);
  if (seeds.empty()) {
    std::cerr << "There is nothing to begin with: name files or folders.\n";
    return 2;
  }
  for (const Bytes& input : seeds) run(input);
  Mutator mutator(seeds, seed);
  for (std::uint64_t i = 0; i < runs; ++i) run(mutator.next());
  std::cout << seeds.size() << " files and " << runs << " mutations: nothing broke.\n";
  return 0;
}
