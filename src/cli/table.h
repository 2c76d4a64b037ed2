#pragma once

#include <string>
#include <vector>

namespace ambit::cli {

// Rows in aligned columns, three spaces between them, no space at a line's end. Control characters
// in cells are made harmless.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }

  // As many cells as the header has.
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace ambit::cli
