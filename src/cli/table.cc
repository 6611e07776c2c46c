#include "cli/table.h"

#include <algorithm>
#include <utility>

namespace axllama::cli {
namespace {

constexpr std::size_t kGap = 4;

}  // namespace

Table::Table(std::vector<std::string> header) {
  rows_.push_back(std::move(header));
}

void Table::add(std::vector<std::string> row) {
  row.resize(rows_.front().size());
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], row[column].size());
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      out += row[column];
      out.append(widths[column] - row[column].size() + kGap, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace axllama::cli
