#pragma once

namespace ambit::cli {

// Hints that are given once a session and not with every command. `stamp` is a file's name in the
// runtime folder, which goes with the last session.

bool was_said(const char* stamp);
// True for the one of several at once that is to say it; false also where that can't be kept in
// mind.
bool claim_saying(const char* stamp);

}  // namespace ambit::cli
