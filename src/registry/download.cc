#include "registry/download.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/strings.h"
#include "registry/token.h"

namespace ambit::registry {
namespace {

constexpr std::uint64_t kMaxManifestBytes = std::uint64_t{4} << 20;
constexpr std::size_t kMaxRefusalBytes = 4096;
constexpr int kPipeBytes = 1 << 20;
constexpr long kOk = 200;
constexpr long kPartial = 206;
constexpr long kUnauthorized = 401;
constexpr long kForbidden = 403;
constexpr long kNotFound = 404;
constexpr long kTooManyRequests = 429;
constexpr int kCurlWriteError = CURLE_WRITE_ERROR;

constexpr char kAcceptManifests[] =
    "Accept: application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json, "
    "application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.5";

unsigned long long ull(std::uint64_t number) { return number; }

}  // namespace

Download::Download(image::FetchRequest request, UniqueFd pipe)
    : request_(std::move(request)), pipe_(std::move(pipe)) {
  const int flags = ::fcntl(pipe_.get(), F_GETFL);
  if (flags >= 0) (void)::fcntl(pipe_.get(), F_SETFL, flags | O_NONBLOCK);
  // As large as the user's limit lets it be: a slow reader need not stop the network at once.
  (void)::fcntl(pipe_.get(), F_SETPIPE_SZ, kPipeBytes);
}

Result<void> Download::begin(HttpClient& client, const Place& at, const std::string& name,
                             std::chrono::seconds idle) {
  const bool manifest = request_.kind == image::FetchKind::Manifest;
  HttpRequest http{
      .url = at.url((manifest ? "manifests/" : "blobs/") + name), .tls = at.tls, .idle = idle};
  if (at.endpoint.insecure) http.redirects = HttpRequest::Redirects::ToAny;
  if (manifest) http.headers.emplace_back(kAcceptManifests);
  if (delivered_ > 0) http.headers.push_back(strf("Range: bytes=%llu-", ull(delivered_)));
  if (at.auth == Place::Auth::Bearer) http.bearer = at.token;
  if (at.auth == Place::Auth::Basic) {
    http.user = at.credentials.user;
    http.password = at.credentials.password;
  }
  token = http.bearer;
  asked_ = &at;
  name_ = name;
  skip_ = 0;
  succeeds_ = false;
  broken_.reset();
  refusal_.clear();
  outcome_.reset();
  delivered_before = delivered_;
  transfer_ = AMBIT_TRY(client.start(http, *this));
  return {};
}

std::optional<Outcome> Download::take_outcome() {
  if (under_way()) return std::nullopt;
  return std::exchange(outcome_, std::nullopt);
}

Outcome Download::failed(Outcome::Kind kind, ErrorCode code, const std::string& what) const {
  return {.kind = kind, .error = Error(code, asked_->endpoint.host + ": " + what)};
}

void Download::on_head(const HttpResponse& response) {
  succeeds_ = response.status == kOk || response.status == kPartial;
  if (succeeds_) take_success(response);
}

void Download::take_success(const HttpResponse& response) {
  const auto length = static_cast<std::uint64_t>(response.length);
  if (response.status == kPartial) {
    if (!response.content_range.starts_with(strf("bytes %llu-", ull(delivered_))))
      broken_ = failed(Outcome::Kind::Elsewhere, ErrorCode::PullFailed,
                       "answers with other bytes than those asked for: " + response.content_range);
    return;
  }
  skip_ = delivered_;  // it begins again
  if (response.length >= 0 && request_.size_bytes > 0 && length != request_.size_bytes)
    broken_ = failed(Outcome::Kind::Elsewhere, ErrorCode::Corrupt,
                     strf("has %llu bytes of %s instead of %llu", ull(length), name_.c_str(),
                          ull(request_.size_bytes)));
}

Taken Download::on_body(std::string_view bytes) {
  if (!succeeds_) {
    refusal_.append(
        bytes.substr(0, kMaxRefusalBytes - std::min(refusal_.size(), kMaxRefusalBytes)));
    return Taken::All;
  }
  if (broken_) return Taken::Abort;
  if (!pending_.empty()) return Taken::NotNow;
  const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
  skip_ -= skipped;
  bytes.remove_prefix(skipped);
  const bool manifest = request_.kind == image::FetchKind::Manifest;
  const std::uint64_t limit = manifest ? kMaxManifestBytes : request_.size_bytes;
  if (limit > 0 && delivered_ + bytes.size() > limit) {
    broken_ = failed(Outcome::Kind::Elsewhere, ErrorCode::Corrupt,
                     strf("sends more than %llu bytes of %s", ull(limit), name_.c_str()));
    return Taken::Abort;
  }
  delivered_ += bytes.size();
  if (!write_some(bytes)) return Taken::Abort;
  pending_ = bytes;
  return Taken::All;
}

// Takes off what went into the pipe. False where nobody reads it.
bool Download::write_some(std::string_view& bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(pipe_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n < 0) {
      reader_gone_ = true;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void Download::pump() {
  std::string_view rest = pending_;
  if (!write_some(rest)) {
    pending_.clear();
    transfer_.reset();
    outcome_ = Outcome{.kind = Outcome::Kind::GivenUp};
    return;
  }
  pending_.erase(0, pending_.size() - rest.size());
  if (pending_.empty() && transfer_) transfer_->go_on();
}

void Download::on_end(int code, const HttpResponse& response, const std::string& what) {
  outcome_ = judge(code, response, what);
  outcome_->answered = response.status != 0;
  transfer_.reset();
}

Outcome Download::judge(int code, const HttpResponse& response, const std::string& what) {
  if (reader_gone_) return {.kind = Outcome::Kind::GivenUp};
  if (broken_) return *broken_;
  if (code != CURLE_OK && code != kCurlWriteError) return judge_transport_error(code, what);
  if (!succeeds_) return judge_answer(response);
  if (request_.size_bytes > 0 && delivered_ < request_.size_bytes)
    return failed(Outcome::Kind::Retry, ErrorCode::PullFailed,
                  strf("the connection ended after %llu of %llu bytes", ull(delivered_),
                       ull(request_.size_bytes)));
  return {};
}

Outcome Download::judge_transport_error(int code, const std::string& what) {
  const std::string& host = asked_->endpoint.host;
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return failed(Outcome::Kind::Elsewhere, ErrorCode::PullFailed,
                  "its certificate is not trusted (" + what +
                      "); put its authority's into ~/.config/containers/certs.d/" + host +
                      "/ca.crt, or do without: --tls-verify=false");
  if (code == CURLE_SSL_CONNECT_ERROR && what.find("wrong version number") != std::string::npos)
    return failed(Outcome::Kind::Elsewhere, ErrorCode::PullFailed,
                  "speaks plain HTTP, which anybody on the way can change; to pull from it all the "
                  "same: --tls-verify=false, or insecure = true in registries.conf");
  const bool again = judge_transport(code) == Verdict::Retry;
  return failed(again ? Outcome::Kind::Retry : Outcome::Kind::Elsewhere, ErrorCode::PullFailed,
                what);
}

Outcome Download::judge_answer(const HttpResponse& response) {
  const std::string said = error_detail(refusal_);
  std::string text = strf("answers %ld", response.status);
  if (!said.empty()) text += " (" + said + ")";
  if (response.status == kUnauthorized)
    return {.kind = Outcome::Kind::Unauthorized, .challenges = response.challenges};
  if (response.status == kForbidden)
    return {.kind = Outcome::Kind::Elsewhere, .error = refused(*asked_, said)};
  if (response.status == kNotFound)
    return failed(Outcome::Kind::Elsewhere, ErrorCode::NoSuchImage,
                  "there is no " + asked_->endpoint.repository +
                      (name_.find(':') == std::string::npos ? ":" : "@") + name_);
  if (response.status == kTooManyRequests)
    text +=
        asked_->credentials.empty()
            ? ": its limit of pulls is reached; more are allowed after a login: " + how_to_log_in()
            : ": its limit of pulls is reached";
  Outcome outcome =
      failed(judge_status(response.status) == Verdict::Retry ? Outcome::Kind::Retry
                                                             : Outcome::Kind::Elsewhere,
             ErrorCode::PullFailed, text);
  outcome.retry_after = response.retry_after;
  return outcome;
}

}  // namespace ambit::registry
