#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

// Amounts as people write them. Each parser is InvalidArgument for anything else and shows the
// text.
namespace ambit {

// "10m", "1h30m", "1.5s", "500ms", "2d", "1min 30s": numbers with units (ns us µs ms s sec m min h
// hr d w, and their plurals in words), added up. A bare number is seconds. µs.
Result<std::int64_t> parse_duration(std::string_view text);

// What "K" is: 1024 of memory, 1000 where a device's rate is counted (as systemd has it).
enum class SizeUnit : std::uint64_t { Binary = 1024, Decimal = 1000 };

// "64m", "1.5G", "64MB", "64MiB", "512k", "100b", or a bare number: bytes. Letters in any case.
Result<std::uint64_t> parse_size(std::string_view text, SizeUnit unit = SizeUnit::Binary);

// "50%", "33.3%", "150%": millionths, 500000 of the first. Four digits of fraction at most.
Result<std::uint64_t> parse_percent(std::string_view text);

}  // namespace ambit
