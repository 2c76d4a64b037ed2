#include "cli/batch.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/verbs.h"

// pause and unpause: the same but for the method.
namespace ambit::cli {
namespace {

// What a verb does, and to which containers --all means it.
struct Kind {
  const char* verb;
  const char* summary;
  const char* member;
  const char* state;
  const char* all_help;
};

constexpr Kind kPause = {"pause", "Freezes all processes of containers where they are.", "Pause",
                         "running", "every running container"};
constexpr Kind kUnpause = {"unpause", "Lets paused containers go on.", "Resume", "paused",
                           "every paused container"};

Result<int> change(const Kind& kind, bool all, std::vector<std::string> names) {
  Client client = AMBIT_TRY(Client::connect());
  if (all) names = AMBIT_TRY(all_container_ids(client, {kind.state}));
  return for_each_container(client, names,
                            {.make_call =
                                 [&client, &kind](const std::string& path) {
                                   return client.new_container_call(path, kind.member);
                                 },
                             .repeat = Batch::Repeat::WhereAmbitdDied});
}

int run(const Kind& kind, int argc, char** argv) {
  Parser parser(kind.verb, "CONTAINER...", kind.summary);
  bool all = false;
  parser.flag("-a,--all", all, kind.all_help);
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty() != all)
    return parser.usage_error(all ? "--all takes no names" : "which container?");

  const Result<int> code = change(kind, all, parser.arguments());
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

}  // namespace

int verb_pause(int argc, char** argv) { return run(kPause, argc, argv); }
int verb_unpause(int argc, char** argv) { return run(kUnpause, argc, argv); }

}  // namespace ambit::cli
