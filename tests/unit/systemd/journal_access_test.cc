#include "systemd/journal_access.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/unique_fd.h"

namespace ambit::systemd {
namespace {

namespace fs = std::filesystem;

class JournalAccessTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ambit-access-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    sd_id128_t machine = {};
    if (sd_id128_get_machine(&machine) < 0) GTEST_SKIP() << "this machine has no ID";
    char id[SD_ID128_STRING_MAX];
    machine_ = sd_id128_to_string(machine, id);
    places_ = {.socket_path = folder_ + "/socket",
               .persistent = folder_ + "/persistent",
               .in_memory = folder_ + "/memory"};
  }
  void TearDown() override { fs::remove_all(folder_); }

  void listen() {
    socket_ = UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, places_.socket_path.c_str());
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void make(const std::string& root, const std::string& name) {
    fs::create_directories(root + "/" + machine_);
    std::ofstream(root + "/" + machine_ + "/" + name) << "journal";
  }

  std::string folder_;
  std::string machine_;
  UniqueFd socket_;
  JournalPlaces places_;
};

TEST_F(JournalAccessTest, NobodyListens) {
  make(places_.persistent, "system.journal");
  EXPECT_EQ(look_at_journal(places_), JournalAccess::Absent);
}

TEST_F(JournalAccessTest, TheUsersOwnJournalOrTheSystemsWillDo) {
  listen();
  EXPECT_EQ(look_at_journal(places_), JournalAccess::Unknown);
  make(places_.persistent, "user-" + std::to_string(::getuid() + 1) + ".journal");
  EXPECT_EQ(look_at_journal(places_), JournalAccess::Unknown);
  make(places_.persistent, "user-" + std::to_string(::getuid()) + ".journal");
  EXPECT_EQ(look_at_journal(places_), JournalAccess::Readable);
}

TEST_F(JournalAccessTest, AJournalInMemoryThatMayBeReadWillDo) {
  listen();
  make(places_.in_memory, "system.journal");
  EXPECT_EQ(look_at_journal(places_), JournalAccess::Readable);
}

}  // namespace
}  // namespace ambit::systemd
