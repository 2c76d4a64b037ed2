#pragma once

#include <curl/curl.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// libcurl behind RAII: requests that run beside each other on one thread.
namespace ambit::registry {

struct TlsOptions {
  enum class Check { Full, None } check = Check::Full;
  std::string ca_pem;     // certificates instead of the system's; "" for those
  std::string cert_file;  // of the client; "" for none
  std::string key_file;
};

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string bearer;                // goes to no other host
  std::string user, password;        // "Basic"; go to no other host
  std::string post;                  // a form; "" for GET
  TlsOptions tls;
  enum class Redirects { ToHttps, ToAny } redirects = Redirects::ToHttps;
  std::chrono::seconds idle{30};  // ends one that gets nothing for as long
};

struct HttpResponse {
  long status = 0;           // 0: none came
  std::int64_t length = -1;  // of the body; -1 where it was not said
  std::string content_range;
  std::string retry_after;
  std::vector<std::string> challenges;  // the values of WWW-Authenticate
};

enum class Taken { All, NotNow, Abort };

// What becomes of one request. Called by HttpClient::work() alone, in this order, the last one
// always and once.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Before the first byte of the last answer's body, after redirects.
  virtual void on_head(const HttpResponse& response) = 0;
  // NotNow: the same bytes come again after HttpTransfer::go_on().
  virtual Taken on_body(std::string_view bytes) = 0;
  // `code` is a CURLcode; `what` says it in words. The transfer may be destroyed here.
  virtual void on_end(int code, const HttpResponse& response, const std::string& what) = 0;
};

class HttpClient;

// A request under way; its end cancels it.
class HttpTransfer {
 public:
  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  void go_on();

 private:
  friend class HttpClient;
  HttpTransfer(CURLM* multi, HttpHandler& handler) : multi_(multi), handler_(handler) {}

  Result<void> set_up(const HttpRequest& request);
  void begin_answer();
  void take_header(std::string_view line);
  void tell_head();
  void end(CURLcode result);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self);

  CURLM* multi_;
  HttpHandler& handler_;
  CURL* easy_ = nullptr;
  curl_slist* headers_ = nullptr;
  HttpResponse response_;
  bool head_told_ = false;
  char error_[CURL_ERROR_SIZE] = "";
};

class HttpClient {
 public:
  static Result<HttpClient> create();

  // `handler` must outlive the transfer.
  Result<std::unique_ptr<HttpTransfer>> start(const HttpRequest& request, HttpHandler& handler);

  // Does what can be done now, and calls the handlers.
  Result<void> work();

  // Waits until there is something to do, for the network or for one of `others`, at most
  // `patience`. What work() has changed must be in `others`: it is not called in between.
  Result<void> wait(std::vector<curl_waitfd>& others, std::chrono::milliseconds patience);

 private:
  struct CleanUp {
    void operator()(CURLM* multi) const noexcept { (void)curl_multi_cleanup(multi); }
  };
  explicit HttpClient(CURLM* taken) : multi_(taken) {}

  std::unique_ptr<CURLM, CleanUp> multi_;
};

}  // namespace ambit::registry
