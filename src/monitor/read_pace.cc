#include "monitor/read_pace.h"

namespace ambit::monitor {

void ReadPace::note_read(std::size_t bytes, Clock::time_point now) {
  streak_ = bytes < kSmallBytes && now < streak_until_ ? streak_ + 1 : 0;
  // The time of a rest does not count as silence.
  if (streak_ >= kFreeReads) rest_until_ = now + kRest;
  streak_until_ = (streak_ >= kFreeReads ? rest_until_ : now) + kRest;
}

}  // namespace ambit::monitor
