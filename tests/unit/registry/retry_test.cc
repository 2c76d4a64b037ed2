#include "registry/retry.h"

#include <curl/curl.h>
#include <gtest/gtest.h>

namespace ambit::registry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Retry, AnswersThatMayBeOthersNextTime) {
  for (const long status : {408, 429, 500, 502, 503, 504})
    EXPECT_EQ(judge_status(status), Verdict::Retry);
  for (const long status : {301, 400, 401, 403, 404, 410})
    EXPECT_EQ(judge_status(status), Verdict::Refuse);
}

TEST(Retry, ConnectionsThatMayHoldNextTime) {
  for (const int code : {CURLE_COULDNT_CONNECT, CURLE_PARTIAL_FILE, CURLE_OPERATION_TIMEDOUT,
                         CURLE_RECV_ERROR, CURLE_COULDNT_RESOLVE_HOST})
    EXPECT_EQ(judge_transport(code), Verdict::Retry);
  for (const int code :
       {CURLE_PEER_FAILED_VERIFICATION, CURLE_TOO_MANY_REDIRECTS, CURLE_URL_MALFORMAT})
    EXPECT_EQ(judge_transport(code), Verdict::Refuse);
}

TEST(Retry, EachWaitIsTwiceTheLastUpToHalfAMinute) {
  EXPECT_EQ(delay_before(2, milliseconds(500), "", 0), milliseconds(500));
  EXPECT_EQ(delay_before(3, milliseconds(500), "", 0), seconds(1));
  EXPECT_EQ(delay_before(5, milliseconds(500), "", 0), seconds(4));
  EXPECT_EQ(delay_before(90, milliseconds(500), "", 0), seconds(30));
}

TEST(Retry, AServersOwnWordGoesFirst) {
  EXPECT_EQ(delay_before(2, milliseconds(500), " 7 ", 0), seconds(7));
  EXPECT_EQ(delay_before(2, milliseconds(500), "0", 0), seconds(0));
  EXPECT_EQ(delay_before(2, milliseconds(500), "Thu, 01 Jan 1970 00:01:40 GMT", 90), seconds(10));
  EXPECT_EQ(delay_before(2, milliseconds(500), "Thu, 01 Jan 1970 00:01:40 GMT", 200), seconds(0));
}

TEST(Retry, AServerCanNotHoldUsForLongNorDrawNonsense) {
  EXPECT_EQ(delay_before(2, milliseconds(500), "86400", 0), seconds(300));
  EXPECT_EQ(delay_before(2, milliseconds(500), "-5", 0), seconds(0));
  EXPECT_EQ(delay_before(2, milliseconds(500), "soon", 0), milliseconds(500));
}

}  // namespace
}  // namespace ambit::registry
