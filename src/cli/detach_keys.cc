#include "cli/detach_keys.h"

#include "base/strings.h"

namespace ambit::cli {

Result<DetachKeys> DetachKeys::parse(std::string_view text) {
  std::string sequence;
  if (text.empty()) return DetachKeys(sequence);
  for (const std::string& key : split(text, ',')) {
    if (key.size() == 1) {
      sequence += key;
      continue;
    }
    const std::string lower = to_lower(key);
    if (lower.size() == 6 && lower.starts_with("ctrl-")) {
      const char c = lower[5];
      if ((c >= 'a' && c <= 'z')) {
        sequence += static_cast<char>(c - 'a' + 1);
        continue;
      }
      if (c == '@' || (c >= '[' && c <= '_')) {
        sequence += static_cast<char>(c == '@' ? 0 : c - '[' + 27);
        continue;
      }
    }
    return Error(ErrorCode::InvalidArgument,
                 "detach keys '" + std::string(text) + "': '" + key +
                     "' is neither a character nor ctrl-X with X one of a-z @ [ \\ ] ^ _");
  }
  return DetachKeys(sequence);
}

bool DetachKeys::feed(std::string_view typed, std::string& out) {
  if (sequence_.empty()) {
    out += typed;
    return false;
  }
  for (const char c : typed) {
    // What was held back may contain a later beginning of the sequence: give up its first keys one
    // at a time until the rest, with this key, is a beginning again.
    while (matched_ > 0 && c != sequence_[matched_]) {
      std::size_t keep = matched_ - 1;
      while (keep > 0 && sequence_.compare(0, keep, sequence_, matched_ - keep, keep) != 0) --keep;
      out.append(sequence_, 0, matched_ - keep);
      matched_ = keep;
    }
    if (c != sequence_[matched_]) {
      out += c;
      continue;
    }
    if (++matched_ == sequence_.size()) {
      matched_ = 0;
      return true;
    }
  }
  return false;
}

void DetachKeys::release(std::string& out) {
  out.append(sequence_, 0, matched_);
  matched_ = 0;
}

}  // namespace ambit::cli
