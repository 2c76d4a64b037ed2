#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

// The options of a command as getopt_long(3) has them: "--name VALUE", "--name=VALUE", "-n VALUE",
// "--flag", "--flag=false", "--" at their end.
namespace ambit::oci {

using Arguments = std::vector<std::string>;

enum class Order {
  Any,           // options may come after other arguments
  OptionsFirst,  // the first other argument ends them: what follows belongs to somebody else
};

class Options {
 public:
  using Take = std::function<Result<void>(const std::string&)>;

  // `letter` may be 0. The references are set while arguments are parsed.
  Options& flag(const char* name, char letter, bool& value);
  Options& text(const char* name, char letter, std::string& value);
  Options& list(const char* name, char letter, Arguments& values);
  Options& number(const char* name, char letter, int& value);
  Options& value(const char* name, char letter, Take take);

  // Returns the other arguments. InvalidArgument names an option that is unknown, that lacks its
  // value or that doesn't take one.
  Result<Arguments> parse(const Arguments& arguments, Order order = Order::Any);

 private:
  struct Option {
    std::string name;
    char letter;
    enum class Form { Flag, Value } form;
    Take take;
  };

  const Option* find(const std::string& name) const;
  const Option* find(char letter) const;
  Result<void> take_long(const Arguments& arguments, std::size_t& at);
  Result<void> take_short(const Arguments& arguments, std::size_t& at);

  std::vector<Option> options_;
};

}  // namespace ambit::oci
