#include "cli/mount_argument.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>

#include <unistd.h>

#include "base/strings.h"

namespace ambit::cli {
namespace {

constexpr std::string_view kFlagOptions[] = {
    "ro",      "rw",      "nosuid",   "suid",    "nodev",      "dev",         "noexec",
    "exec",    "noatime", "relatime", "private", "shared",     "slave",       "rprivate",
    "rshared", "rslave",  "bind",     "rbind",   "unbindable", "runbindable", "nosymfollow"};

Error invalid(const char* option, std::string_view text, const std::string& why) {
  return Error(ErrorCode::InvalidArgument,
               std::string(option) + " '" + std::string(text) + "': " + why);
}

bool is_flag_option(std::string_view option) {
  return std::find(std::begin(kFlagOptions), std::end(kFlagOptions), option) !=
         std::end(kFlagOptions);
}

bool is_tmpfs_option(std::string_view option) {
  for (const std::string_view key : {"size=", "mode=", "nr_inodes=", "uid=", "gid="})
    if (option.starts_with(key) && option.size() > key.size()) return true;
  return is_flag_option(option);
}

// The options people write after the last colon, for a bind mount. "z" and "Z" ask for SELinux
// labels, which a host without SELinux has none of; "readonly" is docker's other word for "ro".
Result<std::vector<std::string>> bind_options(const char* flag, std::string_view text,
                                              std::string_view list) {
  std::vector<std::string> options;
  for (const std::string& option : split(list, ',')) {
    if (option.empty() || option == "z" || option == "Z") continue;
    if (option == "readonly")
      options.emplace_back("ro");
    else if (is_flag_option(option))
      options.push_back(option);
    else
      return invalid(flag, text, "unknown option '" + option + "'");
  }
  return options;
}

Result<std::string> current_dir() {
  char path[PATH_MAX];
  if (::getcwd(path, sizeof path) == nullptr)
    return Error::from_errno(errno, "getting the current folder");
  return std::string(path);
}

Result<std::string> absolute_source(const char* flag, std::string_view text, std::string source) {
  if (source.empty()) return invalid(flag, text, "the source is empty");
  if (source[0] == '/') return source;
  if (source == "~" || source.starts_with("~/")) {
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home != '/') return invalid(flag, text, "HOME is not set");
    return home + source.substr(1);
  }
  if (source == "." || source == ".." || source.starts_with("./") || source.starts_with("../"))
    return AMBIT_TRY(current_dir()) + "/" + source;
  return Error(ErrorCode::Unsupported, std::string(flag) + " '" + std::string(text) +
                                           "': there are no named volumes yet; '" + source +
                                           "' as a folder of yours is './" + source +
                                           "' or an absolute path");
}

Result<void> check_destination(const char* flag, std::string_view text,
                               const std::string& destination) {
  if (destination.empty() || destination[0] != '/')
    return invalid(flag, text, "the destination must be an absolute path in the container");
  if (destination == "/") return invalid(flag, text, "the destination can't be '/'");
  return {};
}

// Key and value of `--mount`; a key without "=" has no value.
struct Field {
  std::string key;
  std::string value;
  bool has_value = false;
};

// CSV as docker reads it: a field in double quotes may contain commas, "" is a quote.
std::vector<Field> csv_fields(std::string_view text) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (quoted && i + 1 < text.size() && text[i + 1] == '"')
        words.back() += text[i++];
      else
        quoted = !quoted;
    } else if (text[i] == ',' && !quoted) {
      words.emplace_back();
    } else {
      words.back() += text[i];
    }
  }
  std::vector<Field> fields;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos)
      fields.push_back({.key = word});
    else
      fields.push_back(
          {.key = word.substr(0, equals), .value = word.substr(equals + 1), .has_value = true});
  }
  return fields;
}

bool is_true(const Field& field) {
  return !field.has_value || field.value == "true" || field.value == "1";
}

// One field of --mount that is none of type, source and destination.
Result<void> add_mount_option(std::string_view text, const Field& field, MountArgument& mount) {
  if (field.key == "ro" || field.key == "readonly") {
    mount.options.emplace_back(is_true(field) ? "ro" : "rw");
    return {};
  }
  if (field.key == "rw") {
    mount.options.emplace_back(is_true(field) ? "rw" : "ro");
    return {};
  }
  if (mount.type == "bind" && field.key == "bind-propagation" && is_flag_option(field.value)) {
    mount.options.push_back(field.value);
    return {};
  }
  if (mount.type == "bind" && field.key == "bind-nonrecursive") {
    mount.options.emplace_back(is_true(field) ? "bind" : "rbind");
    return {};
  }
  if (mount.type == "tmpfs" && (field.key == "tmpfs-size" || field.key == "tmpfs-mode") &&
      !field.value.empty()) {
    mount.options.push_back(field.key.substr(sizeof "tmpfs-" - 1) + "=" + field.value);
    return {};
  }
  if (!field.has_value && is_flag_option(field.key)) {
    mount.options.push_back(field.key);
    return {};
  }
  return invalid("--mount", text, "unknown option '" + field.key + "' for type " + mount.type);
}

}  // namespace

Result<MountArgument> parse_volume(std::string_view text) {
  std::vector<std::string> parts = split(text, ':');
  if (parts.size() == 1)
    return Error(ErrorCode::Unsupported, "-v '" + std::string(text) +
                                             "': there are no anonymous volumes yet; write "
                                             "SOURCE:DESTINATION, or use --tmpfs");
  if (parts.size() > 3) return invalid("-v", text, "more than SOURCE:DESTINATION:OPTIONS");
  MountArgument mount{.type = "bind"};
  mount.source = AMBIT_TRY(absolute_source("-v", text, parts[0]));
  mount.destination = parts[1];
  AMBIT_TRY(check_destination("-v", text, mount.destination));
  if (parts.size() == 3) mount.options = AMBIT_TRY(bind_options("-v", text, parts[2]));
  return mount;
}

Result<MountArgument> parse_mount(std::string_view text) {
  const std::vector<Field> fields = csv_fields(text);
  MountArgument mount{.type = "bind"};
  for (const Field& field : fields)
    if (field.key == "type") mount.type = field.value;
  if (mount.type == "volume")
    return Error(ErrorCode::Unsupported,
                 "--mount '" + std::string(text) + "': there are no named volumes yet");
  if (mount.type != "bind" && mount.type != "tmpfs")
    return invalid("--mount", text, "unknown type '" + mount.type + "', it is bind or tmpfs");
  for (const Field& field : fields) {
    if (field.key == "type") continue;
    if (field.key == "source" || field.key == "src")
      mount.source = field.value;
    else if (field.key == "destination" || field.key == "dst" || field.key == "target")
      mount.destination = field.value;
    else
      AMBIT_TRY(add_mount_option(text, field, mount));
  }
  AMBIT_TRY(check_destination("--mount", text, mount.destination));
  if (mount.type == "tmpfs") {
    if (!mount.source.empty()) return invalid("--mount", text, "a tmpfs has no source");
    mount.source = "tmpfs";
  } else {
    mount.source = AMBIT_TRY(absolute_source("--mount", text, mount.source));
  }
  return mount;
}

Result<MountArgument> parse_tmpfs(std::string_view text) {
  MountArgument mount{.type = "tmpfs", .source = "tmpfs"};
  const std::size_t colon = text.find(':');
  mount.destination = text.substr(0, colon);
  AMBIT_TRY(check_destination("--tmpfs", text, mount.destination));
  if (colon == std::string_view::npos) return mount;
  for (const std::string& option : split(text.substr(colon + 1), ',')) {
    if (option.empty()) continue;
    if (!is_tmpfs_option(option))
      return invalid("--tmpfs", text, "unknown option '" + option + "'");
    mount.options.push_back(option);
  }
  return mount;
}

}  // namespace ambit::cli
