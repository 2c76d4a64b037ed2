#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ambit::cli {

// What may stand after the first argument that is no option.
enum class Positionals {
  Anywhere,       // options and arguments in any order: `ambit stop web -t 3`
  CommandFollows  // nothing of ours: `ambit run IMAGE ls -l`
};

// The command line of one verb. Everything is text here; what it means is the verb's business.
// Targets are written by parse(); each must outlive it. An option given twice: the last one wins.
// CLI11 is behind this face, so that one file of the program compiles it.
class Parser {
 public:
  // `usage` is what follows "ambit VERB [OPTIONS]".
  Parser(const char* verb, const char* usage, const char* summary,
         Positionals positionals = Positionals::Anywhere);
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // `names` as in "-d,--detach"; `type` is the word that help shows for the value.
  void flag(const char* names, bool& target, const char* help);
  void value(const char* names, std::optional<std::string>& target, const char* type,
             const char* help);
  void list(const char* names, std::vector<std::string>& target, const char* type,
            const char* help);

  // Reads argv[1..]. Nothing: go on with arguments(). A number: the exit code to end with, because
  // help was asked for and shown, or a mistake was found and told on standard error.
  std::optional<int> parse(int argc, char** argv);

  // What is no option, in order.
  const std::vector<std::string>& arguments() const noexcept { return arguments_; }

  // Tells of a mistake in the verb's arguments, with where to look; the exit code for it.
  int usage_error(const std::string& message) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::vector<std::string> arguments_;
};

}  // namespace ambit::cli
