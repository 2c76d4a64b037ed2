#include "cli/parser.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <string>
#include <utility>

#include "cli/exit_codes.h"
#include "cli/output.h"

namespace ambit::cli {
namespace {

// Stands for the empty value of "--option=": CLI11 would take the next argument instead. No
// argument that anybody types contains it.
constexpr char kEmptyValue = '\x01';

std::string without_mark(std::string text) {
  if (!text.empty() && text.back() == kEmptyValue) text.pop_back();
  return text;
}

class HelpFormat : public CLI::Formatter {
 public:
  explicit HelpFormat(std::string usage) : usage_(std::move(usage)) {
    label("OPTIONS", "OPTIONS");
    column_width(34);
  }

 private:
  std::string make_usage(const CLI::App*, std::string) const override { return usage_; }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_name().empty() ? "" : " " + option->get_type_name();
  }

  std::string usage_;
};

bool is_option(const std::string& argument) { return argument.size() > 1 && argument[0] == '-'; }

}  // namespace

struct Parser::Impl {
  Impl(const char* name, const char* usage_text, const char* summary, Positionals places)
      : app(summary, name), verb(name), positionals(places) {
    app.formatter(
        std::make_shared<HelpFormat>("Usage: ambit " + verb + " [OPTIONS] " + usage_text + "\n"));
    app.set_help_flag();
    if (positionals == Positionals::CommandFollows)
      app.prefix_command();
    else
      app.allow_extras();
  }

  CLI::Option* add_option(const char* names, const char* type, const char* text) {
    CLI::Option* option = app.add_option(
        std::string(names), [](const CLI::results_t&) { return true; }, text);
    return option->type_name(type)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  CLI::App app;
  std::string verb;
  Positionals positionals;
  bool help = false;
  std::vector<std::function<void()>> take;  // copies what was given to the targets
};

Parser::Parser(const char* verb, const char* usage, const char* summary, Positionals positionals)
    : impl_(std::make_unique<Impl>(verb, usage, summary, positionals)) {}

Parser::~Parser() = default;

void Parser::flag(const char* names, bool& target, const char* help) {
  impl_->app.add_flag(std::string(names), target, help)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void Parser::value(const char* names, std::optional<std::string>& target, const char* type,
                   const char* help) {
  CLI::Option* option = impl_->add_option(names, type, help);
  impl_->take.emplace_back([option, &target] {
    if (option->count() > 0) target = without_mark(option->results().back());
  });
}

void Parser::list(const char* names, std::vector<std::string>& target, const char* type,
                  const char* help) {
  CLI::Option* option = impl_->add_option(names, type, help);
  impl_->take.emplace_back([option, &target] {
    for (const std::string& text : option->results()) target.push_back(without_mark(text));
  });
}

std::optional<int> Parser::parse(int argc, char** argv) {
  // "-h" is --hostname in run and create, as in docker.
  const bool short_help = impl_->app.get_option_no_throw("-h") == nullptr;
  impl_->app.add_flag(short_help ? "-h,--help" : "--help", impl_->help, "show this text");

  std::vector<std::string> reversed;
  for (int i = argc - 1; i > 0; --i) {
    std::string argument = argv[i];
    if (argument.size() > 3 && argument.starts_with("--") && argument.back() == '=')
      argument += kEmptyValue;
    reversed.push_back(std::move(argument));
  }
  try {
    impl_->app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return usage_error(error.what());
  }
  if (impl_->help) {
    print(impl_->app.help());
    return 0;
  }
  for (const auto& take : impl_->take) take();

  bool only_arguments = false;  // after "--"
  for (std::string& argument : impl_->app.remaining()) {
    const bool in_command =
        impl_->positionals == Positionals::CommandFollows && !arguments_.empty();
    if (!in_command && !only_arguments) {
      if (argument == "--") {
        only_arguments = true;
        continue;
      }
      if (is_option(argument)) return usage_error("unknown option " + without_mark(argument));
    }
    arguments_.push_back(without_mark(std::move(argument)));
  }
  return std::nullopt;
}

int Parser::usage_error(const std::string& message) const {
  print_error("%s: %s\nSee 'ambit %s --help'.", impl_->verb.c_str(), message.c_str(),
              impl_->verb.c_str());
  return kExitFailure;
}

}  // namespace ambit::cli
