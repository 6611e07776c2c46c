#pragma once

#include <string>
#include <utility>
#include <vector>

namespace axllama::compiler {

/// The merges of a SentencePiece BPE vocabulary, best first: every way to cut a piece into two pieces of the
/// vocabulary, in the order of the piece's score (highest first), then of its id, then of the cut's length.
/// `scores` is as long as `pieces`.
std::vector<std::pair<std::string, std::string>> sentencepiece_merges(const std::vector<std::string>& pieces,
                                                                      const std::vector<double>& scores);

}  // namespace axllama::compiler
