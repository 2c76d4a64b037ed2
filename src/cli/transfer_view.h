#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

// How an image on its way is shown: one line for each blob.
namespace ambit::cli {

struct TransferPart {
  std::string digest;
  std::string stage;  // of org.ambit.Ambit1.Transfer's Parts
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};

class TransferView {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // For a terminal: the lines as they are now, `columns` wide at most, each with its end.
  //   5f70bf18a086  [=======>            ]  12.3MB / 45MB  5.2MB/s  6 s
  std::string bars(const std::vector<TransferPart>& parts, std::size_t columns, Time now);

  // For a file: a line for each part that is complete and was not before; "" where there is none.
  std::string news(const std::vector<TransferPart>& parts);

 private:
  struct Begin {
    Time time;
    std::uint64_t bytes = 0;
  };
  std::string bar(const TransferPart& part, std::size_t columns, Time now);

  std::map<std::string, Begin> fetching_;          // by digest: when it was first seen to come
  std::map<std::string, std::string> last_stage_;  // by digest, of news()
};

}  // namespace ambit::cli
