#include "oci/clock.h"

#include <ctime>

#include "base/strings.h"

namespace ambit::oci {

std::string utc_now(Precision precision) {
  timespec time = {};
  ::clock_gettime(CLOCK_REALTIME, &time);
  std::tm parts = {};
  ::gmtime_r(&time.tv_sec, &parts);
  char text[32];
  const std::string seconds(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts));
  return precision == Precision::Seconds ? seconds + "Z" : seconds + strf(".%09ldZ", time.tv_nsec);
}

}  // namespace ambit::oci
