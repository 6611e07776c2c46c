#pragma once

#include <string>
#include <vector>

namespace axllama::cli {

/// Lines up columns with four blanks between them, header first, as the field's list commands print.
class Table {
 public:
  explicit Table(std::vector<std::string> header);
  void add(std::vector<std::string> row);  // as many cells as the header
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace axllama::cli
