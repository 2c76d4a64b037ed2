#pragma once

#include <string>
#include <vector>

// Attacks that a container tries from the inside, as one static program that images of the tests
// carry. Each is a function of its arguments; what it found is its exit code and one line of text.
// None knows what runtime has made the container.
namespace attacker {

using Arguments = std::vector<std::string>;

constexpr int kHeld = 0;      // everything was tried, nothing came of it
constexpr int kEscaped = 1;   // and how is on standard output
constexpr int kNotTried = 2;  // the attack needs what isn't there: neither held nor escaped

// Print "escaped: ...", "held: ..." or "not tried: ..." and return the code for it.
[[gnu::format(printf, 1, 2)]] int escaped(const char* format, ...);
[[gnu::format(printf, 1, 2)]] int held(const char* format, ...);
[[gnu::format(printf, 1, 2)]] int not_tried(const char* format, ...);
// Not tried for what errno says.
int cant(const std::string& what);

[[gnu::format(printf, 1, 2)]] std::string format(const char* format, ...);
// Up to 64 KiB of a file; "" where it can't be read.
std::string read_file(const std::string& path);
// "" where it isn't one, or may not be read.
std::string link_target(const std::string& path);
// The same file, by device and inode; false where one of them can't be looked at.
bool is_same_file(const std::string& path, const std::string& other);

// exe.cc: the runtime's program and its process.
int overwrite_exe(const Arguments& arguments);
int reopen_exe(const Arguments& arguments);
int grab_exe(const Arguments& arguments);
int spy(const Arguments& arguments);
int grab(const Arguments& arguments);

// swap.cc: a peer that shares a folder with the victim and renames what is in it, without a pause.
int swap(const Arguments& arguments);

// look.cc: the victim's own look at what it got.
int look(const Arguments& arguments);

// calls.cc: system calls past the filter.
int foreign_calls(const Arguments& arguments);
int type_ahead(const Arguments& arguments);
int keyrings(const Arguments& arguments);
int write_kernel_files(const Arguments& arguments);
int mount_cgroups(const Arguments& arguments);
int inherit(const Arguments& arguments);

// reach.cc: files, sockets and ports of the host.
int reach_file(const Arguments& arguments);
int reach_sockets(const Arguments& arguments);
int reach_port(const Arguments& arguments);

}  // namespace attacker
