#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/amounts.h"  // parse_duration, for whoever reads times
#include "base/result.h"

// Times as people write and read them. Numbers are µs, points in time since 1970.
namespace ambit::cli {

// A point in time: seconds since 1970 ("1700000000", "1700000000.25"), RFC 3339
// ("2024-05-01T12:00:00Z", "…+02:00"), a local date and time ("2024-05-01", "2024-05-01 12:00",
// "2024-05-01T12:00:30.5"), or a duration before `now_usec` ("10m"). InvalidArgument shows the
// text and says what is understood.
Result<std::int64_t> parse_point_in_time(std::string_view text, std::int64_t now_usec);

// RFC 3339 in local time with nine digits of fraction: "2024-05-01T12:00:00.123456000+02:00".
std::string format_timestamp(std::int64_t usec);

std::int64_t now_usec();

}  // namespace ambit::cli
