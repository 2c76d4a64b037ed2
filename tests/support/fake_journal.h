#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace ambit::test {

// The fields of one record, as journald would see them.
using JournalRecord = std::map<std::string, std::string>;

// Splits a datagram of journald's native protocol; an empty map where it is malformed.
JournalRecord parse_journal_record(const std::string& datagram);

// Without the records of a container's life (systemd/event.h).
std::vector<JournalRecord> without_events(std::vector<JournalRecord> records);

// The bytes of one stream, by the rule in monitor/log_stream.h. Parts that are out of order, or of
// a line that was left for another, come out as "<broken>".
std::string stream_bytes(const std::vector<JournalRecord>& records, const std::string& stream);

// A datagram socket where journald's would be. Datagrams, and memfds in their place, are taken by a
// thread, unless it is paused.
class FakeJournal {
 public:
  explicit FakeJournal(const std::string& path);
  ~FakeJournal();

  const std::string& path() const { return path_; }

  void pause();
  void resume();

  // As when journald is gone: the socket is closed and its name removed. reopen() makes a new one.
  void close();
  void reopen();

  std::vector<JournalRecord> records();
  // Waits for a state of things, at most 20 s.
  bool wait_for(const std::function<bool(const std::vector<JournalRecord>&)>& condition);

 private:
  void open();
  void stop_thread();
  void take_datagrams();
  bool take_one();

  std::string path_;
  UniqueFd socket_;
  UniqueFd wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<JournalRecord> records_;
  bool is_paused_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace ambit::test
