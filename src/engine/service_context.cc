#include "engine/service_context.h"

#include <algorithm>

#include "base/strings.h"

namespace ambit::engine {
namespace {

// A small init is PID 1, and its first child the command.
constexpr int kFirstPid = 1;
constexpr int kFirstPidBelowInit = 2;

void set_variable(std::vector<std::string>& environment, const std::string& key,
                  const std::string& value) {
  std::erase_if(environment, [&key](const std::string& entry) {
    return entry.size() > key.size() && entry[key.size()] == '=' &&
           entry.compare(0, key.size(), key) == 0;
  });
  environment.push_back(key + "=" + value);
}

}  // namespace

Result<void> check_service_context(const ServiceContext& context) {
  if (context.listen_fds.size() > kMaxListenFds)
    return Error(ErrorCode::InvalidArgument,
                 strf("more than %zu sockets can't be passed on", kMaxListenFds));
  const std::size_t names = context.listen_names.size();
  if (names != 0 && names != context.listen_fds.size())
    return Error(ErrorCode::InvalidArgument,
                 strf("%zu names for %zu sockets", names, context.listen_fds.size()));
  for (const std::string& name : context.listen_names)
    if (name.find_first_of(":\n") != std::string::npos)
      return Error(ErrorCode::InvalidArgument, "no name of a socket: '" + name + "'");
  return {};
}

void add_service_context(const ServiceContext& context, const spec::ContainerRecord& record,
                         const std::string& runtime_path, spec::RuntimeSpec& spec) {
  std::vector<std::string>& environment = spec.process.env;
  if (!context.listen_fds.empty()) {
    set_variable(environment, "LISTEN_FDS", strf("%zu", context.listen_fds.size()));
    set_variable(environment, "LISTEN_PID",
                 strf("%d", record.options.init ? kFirstPidBelowInit : kFirstPid));
    if (!context.listen_names.empty())
      set_variable(environment, "LISTEN_FDNAMES", join(context.listen_names, ":"));
  }
  if (record.options.notify != spec::NotifyMode::Container) return;
  set_variable(environment, "NOTIFY_SOCKET", spec::kNotifyPath);
  if (context.watchdog_usec > 0)
    set_variable(environment, "WATCHDOG_USEC",
                 strf("%llu", static_cast<unsigned long long>(context.watchdog_usec)));
  spec.mounts.push_back({.destination = spec::kNotifyPath,
                         .type = "bind",
                         .source = runtime_path + "/notify.sock",
                         .options = {"bind", "rprivate", "nosuid", "nodev", "noexec"}});
}

}  // namespace ambit::engine
