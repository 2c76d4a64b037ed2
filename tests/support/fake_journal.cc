#include "support/fake_journal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <string>

#include "os/file.h"

namespace ambit::test {
namespace {

constexpr std::size_t kMaxDatagramBytes = 1 << 20;
constexpr std::chrono::seconds kDeadline{20};

std::string memfd_bytes(msghdr& header) {
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  if (c == nullptr || c->cmsg_type != SCM_RIGHTS) return "";
  int number = -1;
  std::memcpy(&number, CMSG_DATA(c), sizeof number);
  UniqueFd fd(number);
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if ((::fcntl(fd.get(), F_GET_SEALS) & kSeals) != kSeals) return "";  // journald refuses it
  if (::lseek(fd.get(), 0, SEEK_SET) < 0) return "";
  auto bytes = os::read_all(fd.get(), 64 << 20);
  return bytes ? *bytes : "";
}

}  // namespace

JournalRecord parse_journal_record(const std::string& datagram) {
  JournalRecord record;
  for (std::size_t at = 0; at < datagram.size();) {
    const std::size_t end = datagram.find_first_of("=\n", at);
    if (end == std::string::npos) return {};
    const std::string name = datagram.substr(at, end - at);
    std::size_t size = 0;
    at = end + 1;
    if (datagram[end] == '=') {
      const std::size_t newline = datagram.find('\n', at);
      if (newline == std::string::npos) return {};
      size = newline - at;
    } else {
      if (at + 8 > datagram.size()) return {};
      for (int i = 7; i >= 0; --i)
        size = size << 8 | static_cast<unsigned char>(datagram[at + static_cast<std::size_t>(i)]);
      at += 8;
    }
    if (at + size >= datagram.size() || datagram[at + size] != '\n') return {};
    record[name] = datagram.substr(at, size);
    at += size + 1;
  }
  return record;
}

std::vector<JournalRecord> without_events(std::vector<JournalRecord> records) {
  std::erase_if(records,
                [](const JournalRecord& record) { return record.count("MESSAGE_ID") > 0; });
  return records;
}

std::string stream_bytes(const std::vector<JournalRecord>& records, const std::string& stream) {
  std::string bytes;
  std::string id;
  int ordinal = 0;
  for (const JournalRecord& record : records) {
    const auto name = record.find("AMBIT_STREAM");
    if (name == record.end() || name->second != stream) continue;
    bytes += record.at("MESSAGE");
    if (record.count("CONTAINER_PARTIAL_MESSAGE") == 0) {
      bytes += id.empty() ? "\n" : "<broken>";
      continue;
    }
    const bool is_next = id.empty() || record.at("CONTAINER_PARTIAL_ID") == id;
    id = record.at("CONTAINER_PARTIAL_ID");
    if (!is_next || record.at("CONTAINER_PARTIAL_ORDINAL") != std::to_string(++ordinal))
      bytes += "<broken>";
    if (record.at("CONTAINER_PARTIAL_LAST") != "true") continue;
    bytes += "\n";
    id.clear();
    ordinal = 0;
  }
  return bytes;
}

FakeJournal::FakeJournal(const std::string& path)
    : path_(path), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  open();
}

FakeJournal::~FakeJournal() { close(); }

void FakeJournal::open() {
  socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), std::min(path_.size(), sizeof address.sun_path - 1));
  (void)::unlink(path_.c_str());
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
    std::abort();
  // The test may be root, and the sender another user.
  (void)::chmod(path_.c_str(), 0666);
  is_ending_ = false;
  thread_ = std::thread([this] { take_datagrams(); });
}

void FakeJournal::stop_thread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    is_paused_ = false;
  }
  (void)::eventfd_write(wake_.get(), 1);
  changed_.notify_all();
  thread_.join();
}

void FakeJournal::close() {
  stop_thread();
  socket_.reset();
  (void)::unlink(path_.c_str());
}

void FakeJournal::reopen() {
  close();
  open();
}

void FakeJournal::pause() {
  const std::lock_guard lock(mutex_);
  is_paused_ = true;
}

void FakeJournal::resume() {
  const std::lock_guard lock(mutex_);
  is_paused_ = false;
  changed_.notify_all();
}

std::vector<JournalRecord> FakeJournal::records() {
  const std::lock_guard lock(mutex_);
  return records_;
}

bool FakeJournal::wait_for(
    const std::function<bool(const std::vector<JournalRecord>&)>& condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kDeadline, [&] { return condition(records_); });
}

void FakeJournal::take_datagrams() {
  while (true) {
    pollfd fds[] = {{socket_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    (void)::poll(fds, 2, -1);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !is_paused_; });
    // What was sent before the end is read before the end.
    while (take_one()) continue;
    changed_.notify_all();
    if (is_ending_) break;
  }
  eventfd_t count = 0;
  (void)::eventfd_read(wake_.get(), &count);
}

bool FakeJournal::take_one() {
  static thread_local std::string buffer(kMaxDatagramBytes, '\0');
  iovec part = {buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t n = ::recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC);
  if (n < 0) return false;
  std::string datagram(buffer, 0, static_cast<std::size_t>(n));
  if (n == 0) datagram = memfd_bytes(header);
  if (!datagram.empty()) records_.push_back(parse_journal_record(datagram));
  return true;
}

}  // namespace ambit::test
