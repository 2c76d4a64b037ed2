#include "registry/place.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "os/dir.h"
#include "os/file.h"
#include "registry/user_files.h"

namespace ambit::registry {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{4} << 20;

// Those of one folder: *.crt are authorities, NAME.cert and NAME.key the client's own.
Result<void> add_certificates(TlsOptions& tls, const std::string& folder) {
  const UniqueFd dir(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!dir) return {};
  std::vector<std::string> names = AMBIT_TRY(os::list_names(dir.get()));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    if (name.ends_with(".crt")) {
      tls.ca_pem += AMBIT_TRY(os::read_file_at(AT_FDCWD, path, kMaxPemBytes));
      tls.ca_pem += "\n";
    } else if (name.ends_with(".cert")) {
      tls.cert_file = path;
      tls.key_file = path.substr(0, path.size() - 5) + ".key";
    }
  }
  return {};
}

// libcurl takes one set of authorities: the system's go along.
Result<void> add_system_authorities(TlsOptions& tls) {
  const curl_version_info_data* info = ::curl_version_info(CURLVERSION_NOW);
  if (info->age < CURLVERSION_TENTH || info->cainfo == nullptr) return {};
  auto system = os::read_file_at(AT_FDCWD, info->cainfo, kMaxPemBytes);
  if (system) tls.ca_pem += *system;
  return {};
}

}  // namespace

std::string Place::url(const std::string& rest) const {
  return scheme + "://" + endpoint.host + "/v2/" + endpoint.repository + "/" + rest;
}

Result<Place> make_place(const Endpoint& endpoint, image::TlsVerify verify) {
  Place place{.endpoint = endpoint};
  if (verify == image::TlsVerify::Never) place.endpoint.insecure = true;
  if (verify == image::TlsVerify::Always) place.endpoint.insecure = false;
  for (const std::string& folder : certificate_dirs(endpoint.host))
    AMBIT_TRY(add_certificates(place.tls, folder).context(folder));
  if (!place.tls.ca_pem.empty()) AMBIT_TRY(add_system_authorities(place.tls));
  // One that has a certificate of its own shows it, insecure or not.
  if (place.endpoint.insecure && place.tls.ca_pem.empty())
    place.tls.check = TlsOptions::Check::None;
  return place;
}

std::string how_to_log_in() {
  return "--creds USER:PASSWORD, or an entry in ~/.config/containers/auth.json";
}

Error refused(const Place& place, const std::string& what) {
  std::string message = place.endpoint.host + "/" + place.endpoint.repository + ": ";
  message += place.credentials.empty()
                 ? "access denied: there is no such image, or it needs a login: " + how_to_log_in()
                 : "access denied for the user " + place.credentials.user;
  if (!what.empty()) message += ": " + what;
  return Error(ErrorCode::Unauthorized, message);
}

}  // namespace ambit::registry
