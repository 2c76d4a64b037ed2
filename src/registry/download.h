#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "image/fetch_message.h"
#include "registry/http.h"
#include "registry/place.h"
#include "registry/retry.h"

namespace ambit::registry {

// How an attempt at a download ended.
struct Outcome {
  enum class Kind {
    Done,          // every byte is in the pipe
    Retry,         // the same place may do better
    Unauthorized,  // it wants to know who asks; `challenges`
    Elsewhere,     // this place does not have it, or can't be reached for good
    GivenUp,       // nobody reads the pipe
  } kind = Kind::Done;
  std::optional<Error> error;           // of Retry and Elsewhere
  std::vector<std::string> challenges;  // values of WWW-Authenticate
  std::string retry_after;
  bool answered = false;  // an answer came, of whatever status
};

// One thing that was asked for, on its way into the pipe: over one connection or several, each of
// which goes on where the last one was cut.
class Download : public HttpHandler {
 public:
  // `pipe` gets O_NONBLOCK.
  Download(image::FetchRequest request, UniqueFd pipe);

  // Begins an attempt at `place`, which must stay where it is, for what is called `name` there.
  // Precondition: !under_way().
  Result<void> begin(HttpClient& client, const Place& place, const std::string& name,
                     std::chrono::seconds idle);

  bool under_way() const noexcept { return transfer_ != nullptr || !pending_.empty(); }
  // Of the attempt that has ended, once; nothing while it goes on.
  std::optional<Outcome> take_outcome();

  // The pipe to wait for (POLLOUT), or -1; and what to do when it can be written.
  int full_pipe() const noexcept { return pending_.empty() ? -1 : pipe_.get(); }
  void pump();

  const image::FetchRequest& request() const noexcept { return request_; }
  std::uint64_t delivered() const noexcept { return delivered_; }

  // The scheduler's own notes.
  std::size_t place = 0;                      // which one is asked
  unsigned attempt = 1;                       // at this place, since something came
  std::uint64_t delivered_before = 0;         // when that attempt began
  unsigned logins = 0;                        // attempts that ended Unauthorized
  std::string token;                          // that this attempt showed
  std::chrono::steady_clock::time_point due;  // of the next attempt
  bool waits_for_token = false;
  std::vector<Error> errors;  // of the places that were tried

 private:
  void on_head(const HttpResponse& response) override;
  Taken on_body(std::string_view bytes) override;
  void on_end(int code, const HttpResponse& response, const std::string& what) override;

  void take_success(const HttpResponse& response);
  bool write_some(std::string_view& bytes);
  Outcome judge(int code, const HttpResponse& response, const std::string& what);
  Outcome judge_transport_error(int code, const std::string& what);
  Outcome judge_answer(const HttpResponse& response);
  Outcome failed(Outcome::Kind kind, ErrorCode code, const std::string& what) const;

  image::FetchRequest request_;
  UniqueFd pipe_;
  std::unique_ptr<HttpTransfer> transfer_;
  const Place* asked_ = nullptr;  // in this attempt,
  std::string name_;              // for this
  std::string pending_;           // what the pipe had no room for
  std::uint64_t delivered_ = 0;   // bytes of the body that are in the pipe or pending
  std::uint64_t skip_ = 0;        // bytes of this answer that are there already
  bool succeeds_ = false;         // the answer is what was asked for
  bool reader_gone_ = false;
  std::optional<Outcome> broken_;  // why this attempt was aborted
  std::string refusal_;            // the body of an answer that is an error
  std::optional<Outcome> outcome_;
};

}  // namespace ambit::registry
