#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ambit {

// The word that `typed` most likely stands for: the fewest letters added, dropped, changed or
// swapped, two at most and fewer than half of it; "" where none is that near.
std::string nearest(std::string_view typed, const std::vector<std::string>& words);

}  // namespace ambit
