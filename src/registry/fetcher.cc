#include "registry/fetcher.h"

#include <poll.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

#include "base/strings.h"
#include "os/socket.h"
#include "registry/challenge.h"

namespace ambit::registry {
namespace {

constexpr std::size_t kMaxAtOnce = 6;
constexpr std::size_t kMaxRequests = 64;  // that wait; the worker asks for fewer
constexpr unsigned kMaxLogins = 3;        // a token may run out meanwhile
// One that has come this much further is not the same failure again.
constexpr std::uint64_t kProgressBytes = std::uint64_t{1} << 20;
constexpr std::chrono::milliseconds kLongestWait(60000);

std::chrono::milliseconds until(std::chrono::steady_clock::time_point time) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const auto left = duration_cast<milliseconds>(time - std::chrono::steady_clock::now());
  return std::clamp(left + milliseconds(1), milliseconds(0), kLongestWait);
}

// The error that says most: not that a place lacks it, where another could not be asked.
Error summed_up(const std::vector<Error>& errors) {
  ErrorCode code = errors.front().code();
  std::vector<std::string> messages;
  for (const Error& error : errors) {
    if (code == ErrorCode::NoSuchImage) code = error.code();
    messages.push_back(error.message());
  }
  return {code, join(messages, "; ")};
}

}  // namespace

// A token on its way, for a place.
class Fetcher::TokenRequest : public HttpHandler {
 public:
  TokenRequest(std::size_t place, std::string host) : place_(place), host_(std::move(host)) {}

  Result<void> begin(HttpClient& client, const HttpRequest& request) {
    transfer_ = AMBIT_TRY(client.start(request, *this));
    return {};
  }
  bool ended() const noexcept { return transfer_ == nullptr; }
  std::size_t place() const noexcept { return place_; }
  Result<std::string> take_token() { return std::move(token_); }

 private:
  static constexpr std::size_t kMaxTokenBytes = std::size_t{1} << 20;

  void on_head(const HttpResponse&) override {}

  Taken on_body(std::string_view bytes) override {
    if (body_.size() + bytes.size() > kMaxTokenBytes) return Taken::Abort;
    body_ += bytes;
    return Taken::All;
  }

  void on_end(int code, const HttpResponse& response, const std::string& what) override {
    constexpr long kBadRequest = 400;
    if (code != CURLE_OK)
      token_ = Error(ErrorCode::PullFailed, host_ + ": asking for a token: " + what);
    else if (response.status / 100 == 2)
      token_ = parse_token(body_);
    else if (response.status >= kBadRequest && judge_status(response.status) == Verdict::Refuse)
      token_ = Error(ErrorCode::Unauthorized, error_detail(body_));
    else
      token_ = Error(ErrorCode::PullFailed,
                     host_ + strf(": asking for a token: it answers %ld", response.status));
    transfer_.reset();
  }

  std::size_t place_;
  std::string host_;
  std::unique_ptr<HttpTransfer> transfer_;
  std::string body_;
  Result<std::string> token_{std::string()};
};

Fetcher::Fetcher(HttpClient client, Places places, image::FetchOptions options, int socket_fd)
    : client_(std::move(client)),
      where_(std::move(places)),
      options_(std::move(options)),
      socket_fd_(socket_fd) {}

Fetcher::~Fetcher() = default;

Result<void> Fetcher::run() {
  while (AMBIT_TRY(take_requests())) {
    AMBIT_TRY(client_.work());
    for (const auto& download : downloads_)
      if (download->full_pipe() >= 0) download->pump();
    settle_ended();
    begin_due();
    if (broken_) return *broken_;
    AMBIT_TRY(wait());
  }
  return {};
}

Result<bool> Fetcher::take_requests() {
  while (true) {
    auto packet = os::receive_packet(socket_fd_);
    if (!packet && packet.error().code() == ErrorCode::Busy) return true;
    if (!packet) return std::move(packet).error();
    if (packet->closed) return false;
    if (packet->fds.size() != 1) return Error(ErrorCode::Corrupt, "a request without its pipe");
    AMBIT_TRY(accept(packet->bytes, std::move(packet->fds.front())));
  }
}

Result<void> Fetcher::accept(const std::string& message, UniqueFd pipe) {
  image::FetchRequest request = AMBIT_TRY(image::parse_fetch_request(message));
  const bool manifest = request.kind == image::FetchKind::Manifest;
  if (!(manifest && request.name.empty()) && !spec::is_sha256_digest(request.name))
    return Error(ErrorCode::Corrupt, "a request for what is no digest: " + request.name);
  if (downloads_.size() == kMaxRequests) return Error(ErrorCode::Corrupt, "too many requests");
  auto download = std::make_unique<Download>(std::move(request), std::move(pipe));
  download->place = chosen_at_;
  downloads_.push_back(std::move(download));
  return {};
}

Result<void> Fetcher::wait() {
  std::vector<curl_waitfd> others = {{.fd = socket_fd_, .events = CURL_WAIT_POLLIN, .revents = 0}};
  std::chrono::milliseconds patience = kLongestWait;
  for (const auto& download : downloads_) {
    if (download->full_pipe() >= 0)
      others.push_back({.fd = download->full_pipe(), .events = CURL_WAIT_POLLOUT, .revents = 0});
    else if (!download->under_way() && !download->waits_for_token)
      patience = std::min(patience, until(download->due));
  }
  return client_.wait(others, patience);
}

void Fetcher::begin_due() {
  std::size_t active = 0;
  for (const auto& download : downloads_) active += download->under_way() ? 1 : 0;
  for (const auto& download : downloads_) {
    if (active == kMaxAtOnce) break;
    const bool idle = !download->under_way() && !download->waits_for_token;
    if (!idle || download->due > Clock::now()) continue;
    begin(*download);
    ++active;
  }
}

const std::string& Fetcher::wanted(const Download& download) const {
  if (!download.request().name.empty()) return download.request().name;
  const spec::Reference& name = where_.names[where_.places[download.place].candidate];
  return name.digest.empty() ? name.tag : name.digest;
}

void Fetcher::begin(Download& download) {
  const Place& place = where_.places[download.place];
  if (place.token_pending) {
    download.waits_for_token = true;
    return;
  }
  auto begun = download.begin(client_, place, wanted(download), options_.idle);
  if (!begun) broken_ = std::move(begun).error();
}

// Those that are over leave the list.
void Fetcher::settle_ended() {
  for (auto it = tokens_.begin(); it != tokens_.end();) {
    const auto next = std::next(it);
    if ((*it)->ended()) {
      const std::unique_ptr<TokenRequest> ended = std::move(*it);
      tokens_.erase(it);
      on_token(ended->place(), ended->take_token());
    }
    it = next;
  }
  for (auto it = downloads_.begin(); it != downloads_.end();) {
    const auto next = std::next(it);
    if (settle(**it)) downloads_.erase(it);
    it = next;
  }
}

bool Fetcher::settle(Download& download) {
  std::optional<Outcome> outcome = download.take_outcome();
  if (!outcome) return false;
  Place& place = where_.places[download.place];
  place.has_answered = place.has_answered || outcome->answered;
  switch (outcome->kind) {
    case Outcome::Kind::Done:
      answer_done(download);
      return true;
    case Outcome::Kind::GivenUp:
      return true;
    case Outcome::Kind::Retry:
      return retry(download, *outcome);
    case Outcome::Kind::Unauthorized:
      return log_in(download, *outcome);
    case Outcome::Kind::Elsewhere:
      return try_elsewhere(download, *outcome->error);
  }
  return true;
}

bool Fetcher::retry(Download& download, const Outcome& outcome) {
  if (download.delivered() - download.delivered_before >= kProgressBytes) download.attempt = 1;
  Place& place = where_.places[download.place];
  if (try_plain_http(place)) return false;
  if (download.attempt >= options_.attempts)
    return try_elsewhere(
        download, Error(outcome.error->code(),
                        outcome.error->message() + strf(" (%u attempts)", options_.attempts)));
  ++download.attempt;
  const auto delay =
      delay_before(download.attempt, options_.delay, outcome.retry_after, std::time(nullptr));
  download.due = Clock::now() + delay;
  note(download,
       strf("%s; attempt %u of %u in %.1f s", outcome.error->message().c_str(), download.attempt,
            options_.attempts, std::chrono::duration<double>(delay).count()));
  return false;
}

// A place whose certificates don't matter may have none at all.
bool Fetcher::try_plain_http(Place& place) {
  if (!place.endpoint.insecure || place.scheme == "http" || place.has_answered) return false;
  place.scheme = "http";
  return true;
}

bool Fetcher::log_in(Download& download, const Outcome& outcome) {
  Place& place = where_.places[download.place];
  if (++download.logins > kMaxLogins) return try_elsewhere(download, refused(place, ""));
  // Another download has got a new token since.
  if (place.auth == Place::Auth::Bearer && place.token != download.token) return false;
  bool offers_basic = false;
  for (const std::string& header : outcome.challenges) {
    for (const Challenge& challenge : parse_challenges(header)) {
      offers_basic = offers_basic || challenge.scheme == "basic";
      if (challenge.scheme != "bearer") continue;
      auto request = token_request(place, challenge);
      if (!request) return try_elsewhere(download, std::move(request).error());
      request->idle = options_.idle;
      auto token = std::make_unique<TokenRequest>(download.place, place.endpoint.host);
      auto begun = token->begin(client_, *request);
      if (!begun) return try_elsewhere(download, std::move(begun).error());
      tokens_.push_back(std::move(token));
      place.token_pending = true;
      download.waits_for_token = true;
      return false;
    }
  }
  if (!offers_basic || place.auth == Place::Auth::Basic || place.credentials.user.empty())
    return try_elsewhere(download, refused(place, ""));
  place.auth = Place::Auth::Basic;
  return false;
}

void Fetcher::on_token(std::size_t index, Result<std::string> token) {
  Place& place = where_.places[index];
  place.token_pending = false;
  if (token) {
    place.auth = Place::Auth::Bearer;
    place.token = *token;
  }
  for (auto it = downloads_.begin(); it != downloads_.end();) {
    const auto next = std::next(it);
    Download& download = **it;
    bool over = false;
    if (download.waits_for_token && download.place == index) {
      download.waits_for_token = false;
      if (!token && token.error().code() == ErrorCode::Unauthorized)
        over = try_elsewhere(download, refused(place, token.error().message()));
      else if (!token)
        over = retry(download, {.kind = Outcome::Kind::Retry, .error = token.error()});
    }
    if (over) downloads_.erase(it);
    it = next;
  }
}

bool Fetcher::next_place(Download& download) {
  const bool user_manifest = download.request().name.empty();
  const std::size_t candidate = where_.places[download.place].candidate;
  std::size_t next = download.place + 1;
  // What belongs to the image is at the places of its name, from the one that had it.
  if (!user_manifest && chosen_) {
    const auto count = where_.places.size();
    next = (download.place + 1) % count;
    while (where_.places[next].candidate != candidate) next = (next + 1) % count;
    if (next == chosen_at_) return false;
  }
  if (next >= where_.places.size()) return false;
  download.place = next;
  return true;
}

bool Fetcher::try_elsewhere(Download& download, Error error) {
  if (try_plain_http(where_.places[download.place])) return false;
  download.errors.push_back(std::move(error));
  if (!next_place(download)) return answer_failed(download, summed_up(download.errors));
  download.attempt = 1;
  download.logins = 0;
  download.due = Clock::now();
  return false;
}

void Fetcher::answer_done(const Download& download) {
  Place& place = where_.places[download.place];
  image::FetchEnd end{.id = download.request().id};
  if (download.request().name.empty()) {
    chosen_ = true;
    chosen_at_ = download.place;
    end.name = where_.names[place.candidate].normalised();
  }
  send(image::write_message(end));
}

bool Fetcher::answer_failed(const Download& download, const Error& error) {
  send(image::write_message(image::FetchEnd{.id = download.request().id, .error = error}));
  return true;
}

void Fetcher::note(const Download& download, const std::string& text) {
  send(image::write_message(image::FetchNote{.id = download.request().id, .text = text}));
}

void Fetcher::send(const std::string& message) {
  while (!broken_) {
    auto sent = os::send_packet(socket_fd_, message);
    if (sent) return;
    if (sent.error().code() != ErrorCode::Busy) {
      broken_ = std::move(sent).error();
      return;
    }
    pollfd waiting = {.fd = socket_fd_, .events = POLLOUT, .revents = 0};
    (void)::poll(&waiting, 1, -1);
  }
}

}  // namespace ambit::registry
