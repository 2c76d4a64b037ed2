#include "base/user_name.h"

#include <pwd.h>

namespace ambit {

std::string user_name(uid_t uid) {
  const passwd* entry = ::getpwuid(uid);
  return entry != nullptr ? entry->pw_name : std::to_string(uid);
}

}  // namespace ambit
