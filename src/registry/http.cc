#include "registry/http.h"

#include <cctype>
#include <utility>

#include "base/strings.h"

namespace ambit::registry {
namespace {

constexpr long kMaxRedirects = 10;
constexpr long kConnectSeconds = 20;
constexpr long kReceiveBytes = 512 * 1024;
constexpr std::size_t kMaxHeaders = 200;

template <typename Value>
Result<void> set(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = ::curl_easy_setopt(easy, option, value);
  if (code == CURLE_OK) return {};
  return Error(ErrorCode::Internal,
               strf("libcurl option %d: %s", static_cast<int>(option), ::curl_easy_strerror(code)));
}

Result<void> set_text(CURL* easy, CURLoption option, const std::string& text) {
  if (text.empty()) return {};
  return set(easy, option, text.c_str());
}

Result<void> set_tls(CURL* easy, const TlsOptions& tls) {
  const bool full = tls.check == TlsOptions::Check::Full;
  AMBIT_TRY(set(easy, CURLOPT_SSL_VERIFYPEER, full ? 1L : 0L));
  AMBIT_TRY(set(easy, CURLOPT_SSL_VERIFYHOST, full ? 2L : 0L));
  if (!tls.ca_pem.empty()) {
    curl_blob blob = {.data = const_cast<char*>(tls.ca_pem.data()),
                      .len = tls.ca_pem.size(),
                      .flags = CURL_BLOB_COPY};
    AMBIT_TRY(set(easy, CURLOPT_CAINFO_BLOB, &blob));
  }
  AMBIT_TRY(set_text(easy, CURLOPT_SSLCERT, tls.cert_file));
  return set_text(easy, CURLOPT_SSLKEY, tls.key_file);
}

Result<void> set_user(CURL* easy, const HttpRequest& request) {
  if (!request.bearer.empty()) {
    AMBIT_TRY(set(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER)));
    return set_text(easy, CURLOPT_XOAUTH2_BEARER, request.bearer);
  }
  if (request.user.empty()) return {};
  AMBIT_TRY(set(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC)));
  AMBIT_TRY(set_text(easy, CURLOPT_USERNAME, request.user));
  return set_text(easy, CURLOPT_PASSWORD, request.password);
}

Result<void> set_network(CURL* easy, const HttpRequest& request) {
  const bool any = request.redirects == HttpRequest::Redirects::ToAny;
  AMBIT_TRY(set(easy, CURLOPT_PROTOCOLS_STR, "http,https"));
  AMBIT_TRY(set(easy, CURLOPT_REDIR_PROTOCOLS_STR, any ? "http,https" : "https"));
  AMBIT_TRY(set(easy, CURLOPT_FOLLOWLOCATION, 1L));
  AMBIT_TRY(set(easy, CURLOPT_MAXREDIRS, kMaxRedirects));
  AMBIT_TRY(set(easy, CURLOPT_CONNECTTIMEOUT, kConnectSeconds));
  AMBIT_TRY(set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L));
  AMBIT_TRY(set(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.idle.count())));
  AMBIT_TRY(set(easy, CURLOPT_BUFFERSIZE, kReceiveBytes));
  AMBIT_TRY(set(easy, CURLOPT_NOSIGNAL, 1L));
  // Bytes are the blob's own: a digest is over what is stored, not over what it unpacks to.
  AMBIT_TRY(set(easy, CURLOPT_ACCEPT_ENCODING, static_cast<char*>(nullptr)));
  return set(easy, CURLOPT_USERAGENT, "ambit");
}

}  // namespace

Result<void> HttpTransfer::set_up(const HttpRequest& request) {
  AMBIT_TRY(set(easy_, CURLOPT_URL, request.url.c_str()));
  AMBIT_TRY(set_network(easy_, request));
  AMBIT_TRY(set_tls(easy_, request.tls));
  AMBIT_TRY(set_user(easy_, request));
  for (const std::string& header : request.headers)
    headers_ = ::curl_slist_append(headers_, header.c_str());
  AMBIT_TRY(set(easy_, CURLOPT_HTTPHEADER, headers_));
  if (!request.post.empty()) AMBIT_TRY(set(easy_, CURLOPT_COPYPOSTFIELDS, request.post.c_str()));
  AMBIT_TRY(set(easy_, CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header));
  AMBIT_TRY(set(easy_, CURLOPT_HEADERDATA, static_cast<void*>(this)));
  AMBIT_TRY(set(easy_, CURLOPT_WRITEFUNCTION, &HttpTransfer::on_write));
  AMBIT_TRY(set(easy_, CURLOPT_WRITEDATA, static_cast<void*>(this)));
  AMBIT_TRY(set(easy_, CURLOPT_ERRORBUFFER, static_cast<char*>(error_)));
  return set(easy_, CURLOPT_PRIVATE, static_cast<void*>(this));
}

HttpTransfer::~HttpTransfer() {
  if (easy_ != nullptr) {
    (void)::curl_multi_remove_handle(multi_, easy_);
    ::curl_easy_cleanup(easy_);
  }
  ::curl_slist_free_all(headers_);
}

void HttpTransfer::go_on() { (void)::curl_easy_pause(easy_, CURLPAUSE_CONT); }

// An answer of several: of a redirect, of a proxy, 100.
void HttpTransfer::begin_answer() {
  response_ = {};
  head_told_ = false;
}

void HttpTransfer::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) return begin_answer();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = to_lower(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name == "content-range") response_.content_range = value;
  if (name == "retry-after") response_.retry_after = value;
  if (name == "www-authenticate" && response_.challenges.size() < kMaxHeaders)
    response_.challenges.emplace_back(value);
}

void HttpTransfer::tell_head() {
  if (std::exchange(head_told_, true)) return;
  curl_off_t length = -1;
  (void)::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &response_.status);
  (void)::curl_easy_getinfo(easy_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  response_.length = length;
  handler_.on_head(response_);
}

void HttpTransfer::end(CURLcode result) {
  if (result == CURLE_OK) tell_head();  // one without a body
  (void)::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &response_.status);
  const std::string what =
      error_[0] != '\0' ? std::string(error_) : std::string(::curl_easy_strerror(result));
  const HttpResponse response = response_;
  handler_.on_end(result, response, what);
}

std::size_t HttpTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  static_cast<HttpTransfer*>(self)->take_header({data, size * count});
  return size * count;
}

std::size_t HttpTransfer::on_write(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<HttpTransfer*>(self);
  transfer.tell_head();
  switch (transfer.handler_.on_body({data, size * count})) {
    case Taken::NotNow:
      return CURL_WRITEFUNC_PAUSE;
    case Taken::Abort:
      return 0;
    case Taken::All:
      break;
  }
  return size * count;
}

Result<HttpClient> HttpClient::create() {
  if (::curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return Error(ErrorCode::Internal, "curl_global_init");
  CURLM* multi = ::curl_multi_init();
  if (multi == nullptr) return Error(ErrorCode::Internal, "curl_multi_init");
  return HttpClient(multi);
}

Result<std::unique_ptr<HttpTransfer>> HttpClient::start(const HttpRequest& request,
                                                        HttpHandler& handler) {
  std::unique_ptr<HttpTransfer> transfer(new HttpTransfer(multi_.get(), handler));
  transfer->easy_ = ::curl_easy_init();
  if (transfer->easy_ == nullptr) return Error(ErrorCode::Internal, "curl_easy_init");
  AMBIT_TRY(transfer->set_up(request));
  if (::curl_multi_add_handle(multi_.get(), transfer->easy_) != CURLM_OK)
    return Error(ErrorCode::Internal, "curl_multi_add_handle");
  return transfer;
}

Result<void> HttpClient::work() {
  int running = 0;
  const CURLMcode code = ::curl_multi_perform(multi_.get(), &running);
  if (code != CURLM_OK) return Error(ErrorCode::Internal, ::curl_multi_strerror(code));
  int left = 0;
  while (CURLMsg* message = ::curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode result = message->data.result;
    void* self = nullptr;
    (void)::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    static_cast<HttpTransfer*>(self)->end(result);
  }
  return {};
}

Result<void> HttpClient::wait(std::vector<curl_waitfd>& others,
                              std::chrono::milliseconds patience) {
  const CURLMcode code =
      ::curl_multi_poll(multi_.get(), others.data(), static_cast<unsigned>(others.size()),
                        static_cast<int>(patience.count()), nullptr);
  if (code != CURLM_OK) return Error(ErrorCode::Internal, ::curl_multi_strerror(code));
  return {};
}

}  // namespace ambit::registry
