// ambit-fetch: the only process of ambit that speaks to registries.
//
// Trust boundary. What registries answer is hostile: HTTP, TLS and tokens are taken apart here, and
// nothing else is; manifests and layers go to ambit-worker as they come, which has no network and
// judges them by their digests. This process has the user's credentials for the registries of one
// pull, and no others; before the first connection it gives up files, programs and privileges
// (registry/confine.h). It never sees the store.

#include <csignal>
#include <exception>
#include <utility>

#include "base/log.h"
#include "image/fetch_call.h"
#include "os/file.h"
#include "os/socket.h"
#include "registry/confine.h"
#include "registry/fetcher.h"

namespace {

using namespace ambit;

constexpr int kSocketFd = 3;
constexpr int kOptionsFd = 4;
constexpr std::size_t kMaxOptionsBytes = 65536;

// The worker hears of what comes before its requests as the answer to its first one.
void answer_first_request(const Error& error) {
  if (!os::wait_readable(kSocketFd)) return;
  const auto packet = os::receive_packet(kSocketFd);
  if (!packet || (*packet).closed) return;
  const auto request = image::parse_fetch_request((*packet).bytes);
  if (!request) return;
  (void)os::send_packet(kSocketFd,
                        image::write_message(image::FetchEnd{.id = (*request).id, .error = error}));
}

Result<void> fetch() {
  const std::string text = AMBIT_TRY(os::read_all(kOptionsFd, kMaxOptionsBytes));
  image::FetchOptions options = AMBIT_TRY(image::parse_fetch_options(text));
  registry::HttpClient client = AMBIT_TRY(registry::HttpClient::create());
  registry::Places places = AMBIT_TRY(registry::find_places(options));
  AMBIT_TRY(registry::confine().context("confining ambit-fetch"));
  registry::Fetcher fetcher(std::move(client), std::move(places), std::move(options), kSocketFd);
  // What is wrong from here on is the socket: nobody is left to be told.
  if (const auto ran = fetcher.run(); !ran)
    log(LogLevel::Error, "ambit-fetch: %s", ran.error().message().c_str());
  return {};
}

}  // namespace

// The libraries' exceptions end here.
int main() try {
  (void)std::signal(SIGPIPE, SIG_IGN);
  const auto fetched = fetch();
  if (fetched) return 0;
  answer_first_request(fetched.error());
  return 1;
} catch (const std::exception& e) {
  log(LogLevel::Error, "ambit-fetch: %s", e.what());
  return 1;
}
