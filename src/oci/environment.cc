#include "oci/environment.h"

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"

namespace ambit::oci {
namespace {

constexpr std::uint64_t kMaxSockets = 1024;

}  // namespace

void set_variable(std::vector<std::string>& env, const std::string& variable) {
  const std::string key = variable.substr(0, variable.find('=') + 1);
  const auto found = std::find_if(env.begin(), env.end(), [&](const std::string& item) {
    return !key.empty() && item.compare(0, key.size(), key) == 0;
  });
  if (found == env.end())
    env.push_back(variable);
  else
    *found = variable;
}

Result<int> pass_sockets_on(spec::ProcessSpec& process) {
  const char* count = std::getenv("LISTEN_FDS");
  if (count == nullptr) return 0;
  const std::uint64_t sockets = AMBIT_TRY(parse_uint(count).context("LISTEN_FDS"));
  if (sockets > kMaxSockets) return Error(ErrorCode::InvalidArgument, "LISTEN_FDS is too large");
  set_variable(process.env, std::string("LISTEN_FDS=") + count);
  set_variable(process.env, "LISTEN_PID=1");
  if (const char* names = std::getenv("LISTEN_FDNAMES"); names != nullptr)
    set_variable(process.env, std::string("LISTEN_FDNAMES=") + names);
  return static_cast<int>(sockets);
}

}  // namespace ambit::oci
