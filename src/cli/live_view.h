#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cli/client.h"

namespace ambit::cli {

// Shows a text, and again whenever something of ambit's changes, until it is interrupted or nobody
// reads any more. On a terminal in place of the text before. Asks nothing of ambitd but after one
// of its signals; those of a short time count as one.
Result<void> show_live(Client& client, const std::function<Result<std::string>()>& make_text);

}  // namespace ambit::cli
