#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "image/fetch_call.h"
#include "registry/download.h"
#include "registry/http.h"
#include "registry/place.h"
#include "registry/retry.h"
#include "registry/token.h"
#include "spec/reference.h"

namespace ambit::registry {

// Every place that `options.reference` may be at, with what it takes to ask it: the only part that
// reads the user's files and runs credential helpers.
struct Places {
  std::vector<spec::Reference> names;  // what the user may mean
  std::vector<Place> places;           // in the order to be tried
};
Result<Places> find_places(const image::FetchOptions& options);

// Serves the requests of one worker until it hangs up, a few at a time.
class Fetcher {
 public:
  // `socket_fd` is borrowed.
  Fetcher(HttpClient client, Places places, image::FetchOptions options, int socket_fd);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  Result<void> run();

 private:
  class TokenRequest;
  using Clock = std::chrono::steady_clock;

  Result<bool> take_requests();  // false at the end
  Result<void> accept(const std::string& message, UniqueFd pipe);
  Result<void> wait();
  void begin_due();
  void begin(Download& download);
  void settle_ended();
  bool settle(Download& download);  // false where it stays
  bool retry(Download& download, const Outcome& outcome);
  bool log_in(Download& download, const Outcome& outcome);
  bool try_elsewhere(Download& download, Error error);
  bool next_place(Download& download);
  bool try_plain_http(Place& place);
  void on_token(std::size_t place, Result<std::string> token);
  void answer_done(const Download& download);
  bool answer_failed(const Download& download, const Error& error);
  void note(const Download& download, const std::string& text);
  void send(const std::string& message);
  const std::string& wanted(const Download& download) const;

  HttpClient client_;
  Places where_;
  image::FetchOptions options_;
  int socket_fd_;
  bool chosen_ = false;        // the user's manifest was found,
  std::size_t chosen_at_ = 0;  // at this place
  std::list<std::unique_ptr<Download>> downloads_;
  std::list<std::unique_ptr<TokenRequest>> tokens_;
  std::optional<Error> broken_;  // the socket
};

}  // namespace ambit::registry
