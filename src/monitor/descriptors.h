#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace ambit::monitor {

// The descriptors that the starter has put at 3, 4, 5, ..., by name (see spec/monitor_settings.h).
class Descriptors {
 public:
  // `names`: "control:spec:..." in the order of the numbers. Makes them close-on-exec; a number
  // that is not open is an error that tells its name.
  static Result<Descriptors> adopt(std::string_view names);

  bool has(const std::string& name) const { return fds_.count(name) != 0; }
  int get(const std::string& name) const;  // borrowed; -1 where there is none
  UniqueFd take(const std::string& name);  // empty where there is none

  // How many there are of PREFIX0, PREFIX1, ...: the first ones, which a child is to inherit at
  // their numbers. No longer close-on-exec until close_all().
  Result<int> hand_on(const std::string& prefix) const;
  void close_all(const std::string& prefix);

  // For those that a mode cannot do without.
  Result<void> require(std::initializer_list<const char*> names) const;

 private:
  std::map<std::string, UniqueFd> fds_;
};

}  // namespace ambit::monitor
