#pragma once

#include <string>

namespace ambit::oci {

enum class Precision { Seconds, Nanoseconds };

// RFC 3339, in UTC: "2026-01-31T23:59:59Z", "2026-01-31T23:59:59.000000001Z".
std::string utc_now(Precision precision);

}  // namespace ambit::oci
