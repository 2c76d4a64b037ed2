#include "registry/challenge.h"

#include <cctype>
#include <utility>

#include "base/strings.h"

namespace ambit::registry {
namespace {

bool is_token_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("!#$%&'*+-.^_`|~/=").find(c) != std::string_view::npos;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  void skip(std::string_view chars) {
    while (!rest_.empty() && chars.find(rest_.front()) != std::string_view::npos)
      rest_.remove_prefix(1);
  }

  void skip_one() { rest_.remove_prefix(1); }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // A name, which ends before '='.
  std::string word() {
    std::string text;
    while (!rest_.empty() && is_token_char(rest_.front()) && rest_.front() != '=') {
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    return text;
  }

  std::string value() {
    std::string text;
    if (!take('"')) {
      while (!rest_.empty() && is_token_char(rest_.front())) {
        text += rest_.front();
        rest_.remove_prefix(1);
      }
      return text;
    }
    while (!rest_.empty() && !take('"')) {
      if (take('\\') && rest_.empty()) break;
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    return text;
  }

 private:
  std::string_view rest_;
};

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view header) {
  constexpr std::string_view kBetween = " \t,";
  std::vector<Challenge> challenges;
  Scanner scan(header);
  for (scan.skip(kBetween); !scan.at_end(); scan.skip(kBetween)) {
    std::string name = to_lower(scan.word());
    if (name.empty()) {
      scan.skip_one();
      continue;
    }
    if (!scan.take('=')) {
      challenges.push_back({.scheme = std::move(name), .params = {}});
    } else if (std::string value = scan.value(); !challenges.empty()) {
      challenges.back().params.emplace(std::move(name), std::move(value));
    }
  }
  return challenges;
}

}  // namespace ambit::registry
