#pragma once

#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "bus/options.h"

namespace ambit::cli {

// What is connected between this program and a container.
struct StreamWishes {
  bool terminal = false;  // one socket for both directions in place of the three
  bool input = false;
  bool output = true;
  bool errors = true;
};

// Our ends of it. Empty where it was not asked for. All are non-blocking and CLOEXEC.
struct Streams {
  UniqueFd input;     // written by us
  UniqueFd output;    // read by us
  UniqueFd errors;    // read by us
  UniqueFd terminal;  // both

  // Makes pipes, or a socket pair; the far ends go to `options` as Stdin, Stdout, Stderr and
  // TerminalSocket, and live as long as it. A terminal's size goes along where ours has one.
  static Result<Streams> make(const StreamWishes& wishes, bus::OptionWriter& options);

  // Takes the descriptors that Container.Attach returned for the same wishes.
  static Result<Streams> adopt(const StreamWishes& wishes, std::vector<UniqueFd> descriptors);
};

}  // namespace ambit::cli
