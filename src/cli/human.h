#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ambit::cli {

// "4.43MB": powers of 1000, four digits at most, as image listings show it.
std::string human_size(std::uint64_t bytes);

// "5 minutes", "About an hour": how docker and podman say it.
std::string human_duration(std::int64_t usec);

// "5 minutes ago"; "" for 0, which stands for an unknown time.
std::string human_ago(std::int64_t then_usec, std::int64_t now_usec);

// "busybox:latest" for "docker.io/library/busybox:latest": a name as people type it.
std::string short_reference(std::string_view reference);

// At most `width` characters of `text`, the last one "…" where some were cut off; 0: all.
std::string shorten(std::string_view text, std::size_t width);

// How many columns `text` takes, one for each UTF-8 character.
std::size_t display_width(std::string_view text);

// What may go to a terminal: control characters become "?".
std::string printable(std::string_view text);

}  // namespace ambit::cli
