#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace ambit::cli {

constexpr char kDefaultDetachKeys[] = "ctrl-p,ctrl-q";
constexpr char kDetachKeysHelp[] = "keys that leave a terminal; default: ctrl-p,ctrl-q";

// Looks for the key sequence that leaves a container's terminal. Keys arrive one by one, and a
// sequence may be cut anywhere between two reads.
class DetachKeys {
 public:
  // "ctrl-p,ctrl-q": keys separated by commas, a key is one character or ctrl-X with X in
  // a-z @ [ \ ] ^ _; "" switches detaching off. InvalidArgument shows the key.
  static Result<DetachKeys> parse(std::string_view text);

  // Takes what was typed, appends to `out` what is for the container. A beginning of the sequence
  // is held back until it is clear what it is. True: the sequence is complete; what was typed
  // after it is dropped.
  [[nodiscard]] bool feed(std::string_view typed, std::string& out);

  // What is held back. Whoever typed it and then paused meant it for the container: ctrl-p is a
  // key of many programs.
  bool is_holding() const noexcept { return matched_ > 0; }
  // Appends it to `out`; the sequence begins anew.
  void release(std::string& out);

  const std::string& sequence() const noexcept { return sequence_; }

 private:
  explicit DetachKeys(std::string sequence) : sequence_(std::move(sequence)) {}

  std::string sequence_;
  std::size_t matched_ = 0;  // keys of the sequence held back
};

}  // namespace ambit::cli
