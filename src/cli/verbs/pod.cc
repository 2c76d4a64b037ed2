#include <cstdint>
#include <string_view>

#include "base/nearest.h"
#include "base/signals.h"
#include "base/strings.h"
#include "cli/batch.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/parser.h"
#include "cli/pod_flags.h"
#include "cli/pod_row.h"
#include "cli/time_text.h"
#include "cli/verbs.h"
#include "cli/verbs/pod_ps.h"

// `ambit pod VERB`: what is done with whole pods.
namespace ambit::cli {
namespace {

int end_with(const Result<int>& code) {
  if (code) return *code;
  print_error(code.error());
  return exit_code(code.error().code());
}

Result<int> create_pod(const PodFlags& flags, const std::string& name) {
  const bus::OptionWriter options = AMBIT_TRY(pod_options(flags));
  Client client = AMBIT_TRY(Client::connect());
  bus::Message call = AMBIT_TRY(client.new_manager_call("CreatePod"));
  AMBIT_TRY(call.append(name));
  AMBIT_TRY(options.append_dict(call));
  (void)AMBIT_TRY(client.call(call));
  print(name + "\n");
  return 0;
}

int pod_create(int argc, char** argv) {
  Parser parser("pod create", "NAME",
                "Makes a pod: a slice for containers that share network, ipc and host name, with "
                "limits for all of them together.");
  PodFlags flags;
  add_pod_flags(parser, flags);
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().size() + (flags.name ? 1 : 0) != 1)
    return parser.usage_error("it takes one name");
  return end_with(create_pod(flags, flags.name ? *flags.name : parser.arguments().front()));
}

// What the plain verbs differ in.
struct Kind {
  const char* verb;
  const char* summary;
  const char* member;
};

constexpr Kind kStart = {
    "pod start", "Starts what pods share, and all of their containers that don't run.", "Start"};
constexpr Kind kPause = {"pod pause", "Freezes pods: every process in their slices.", "Pause"};
constexpr Kind kUnpause = {"pod unpause", "Lets paused pods go on.", "Resume"};
constexpr Kind kStop = {"pod stop",
                        "Sends every container of pods its own stop signal, kills what is left "
                        "when the time is up, and stops the slice.",
                        "Stop"};
constexpr Kind kRestart = {"pod restart", "Stops pods and starts them again.", "Restart"};

Result<std::vector<std::string>> all_pods(Client& client) {
  std::vector<std::string> names;
  for (const PodRow& row : AMBIT_TRY(list_pods(client))) names.push_back(row.name);
  return names;
}

using Append = std::function<Result<void>(bus::Message&)>;

Result<int> call_all(const char* member, bool all, std::vector<std::string> names,
                     const Append& append, int (*code_of)(ErrorCode) = nullptr) {
  Client client = AMBIT_TRY(Client::connect());
  if (all) names = AMBIT_TRY(all_pods(client));
  return for_each_container(
      client, names,
      {.find = "GetPod",
       .make_call = [&client, member, &append](const std::string& path) -> Result<bus::Message> {
         bus::Message call = AMBIT_TRY(client.new_pod_call(path, member));
         AMBIT_TRY(append(call));
         return call;
       },
       .code_of = code_of});
}

int plain(const Kind& kind, int argc, char** argv) {
  Parser parser(kind.verb, "POD...", kind.summary);
  bool all = false;
  parser.flag("-a,--all", all, "every pod");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty() != all)
    return parser.usage_error(all ? "--all takes no names" : "which pod?");
  return end_with(
      call_all(kind.member, all, parser.arguments(), [](bus::Message&) { return Result<void>(); }));
}

int timed(const Kind& kind, int argc, char** argv) {
  Parser parser(kind.verb, "POD...", kind.summary);
  bool all = false;
  std::optional<std::string> time;
  parser.value("-t,--time", time, "SECONDS",
               "time until they are killed; default: each container's own");
  parser.flag("-a,--all", all, "every pod");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty() != all)
    return parser.usage_error(all ? "--all takes no names" : "which pod?");
  std::uint64_t timeout_usec = UINT64_MAX;
  if (time && *time != "-1") {
    const auto parsed = parse_duration(*time);
    if (!parsed) return parser.usage_error("--time: " + parsed.error().message());
    timeout_usec = static_cast<std::uint64_t>(*parsed);
  }
  return end_with(
      call_all(kind.member, all, parser.arguments(),
               [timeout_usec](bus::Message& call) { return call.append(timeout_usec); }));
}

int pod_kill(int argc, char** argv) {
  Parser parser("pod kill", "POD...", "Sends a signal to the first process of every container.");
  std::optional<std::string> text;
  parser.value("-s,--signal", text, "SIGNAL", "name or number; default: KILL");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty()) return parser.usage_error("which pod?");
  const auto signal = parse_signal(text.value_or("KILL"));
  if (!signal) return parser.usage_error("--signal: " + signal.error().message());
  const std::int32_t number = *signal;
  return end_with(call_all("Kill", false, parser.arguments(),
                           [number](bus::Message& call) { return call.append(number); }));
}

int pod_rm(int argc, char** argv) {
  Parser parser("pod rm", "POD...",
                "Removes pods: their slices and what was set of them. One with containers stays, "
                "but with --force.");
  bool all = false;
  bool force = false;
  parser.flag("-f,--force", force, "remove its containers as well, whether they run or not");
  parser.flag("-a,--all", all, "every pod");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty() != all)
    return parser.usage_error(all ? "--all takes no names" : "which pod?");
  bus::OptionWriter options;
  if (force) options.set("Force", true);
  return end_with(call_all(
      "Remove", all, parser.arguments(),
      [&options](bus::Message& call) { return options.append_dict(call); }, removal_exit_code));
}

Result<Json> inspect(Client& client, const std::string& name) {
  const std::string path = AMBIT_TRY(client.find_pod(name));
  bus::Message call = AMBIT_TRY(client.new_pod_call(path, "Inspect"));
  bus::Message answer = AMBIT_TRY(client.ask(call));
  return parse_json(AMBIT_TRY(answer.read<std::string>()));
}

int pod_inspect(int argc, char** argv) {
  Parser parser("pod inspect", "POD...", "Shows everything about pods: a JSON list.");
  if (const auto code = parser.parse(argc, argv)) return *code;
  if (parser.arguments().empty()) return parser.usage_error("which pod?");
  auto client = Client::connect();
  if (!client) return end_with(client.error());
  Json list = Json::array();
  int code = 0;
  for (const std::string& name : parser.arguments()) {
    auto json = inspect(*client, name);
    if (json) {
      list.push_back(*std::move(json));
    } else {
      print_error(json.error());
      code = kExitFailure;
    }
  }
  print(show_json(list));
  return code;
}

constexpr Verb kPodVerbs[] = {
    {"create", "make a pod", pod_create},
    {"start", "start pods", [](int argc, char** argv) { return plain(kStart, argc, argv); }},
    {"stop", "stop pods", [](int argc, char** argv) { return timed(kStop, argc, argv); }},
    {"restart", "stop pods and start them again",
     [](int argc, char** argv) { return timed(kRestart, argc, argv); }},
    {"kill", "send a signal to all containers of pods", pod_kill},
    {"pause", "freeze pods", [](int argc, char** argv) { return plain(kPause, argc, argv); }},
    {"unpause", "let paused pods go on",
     [](int argc, char** argv) { return plain(kUnpause, argc, argv); }},
    {"rm", "remove pods", pod_rm},
    {"ps", "list pods", pod_ps},
    {"inspect", "show everything about pods", pod_inspect},
};

std::string help_text() {
  std::string text =
      "Usage: ambit pod VERB [OPTIONS] ...\n"
      "\n"
      "Pods: slices of systemd whose containers share network, ipc and host name.\n"
      "'ambit run --pod POD ...' puts a container into one.\n"
      "\n"
      "Verbs:\n";
  for (const Verb& verb : kPodVerbs) text += strf("  %-10s %s\n", verb.name, verb.summary);
  return text +
         "\n"
         "'ambit pod VERB --help' tells of one. A pod is the slice ambit-POD.slice:\n"
         "systemctl --user stop|freeze|thaw|set-property ambit-POD.slice.\n";
}

}  // namespace

int verb_pod(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name.empty() || name == "--help" || name == "-h") {
    print(help_text());
    return name.empty() ? kExitFailure : 0;
  }
  std::vector<std::string> names;
  for (const Verb& verb : kPodVerbs) {
    if (name == verb.name || (name == "ls" && verb.name == std::string_view("ps")))
      return verb.run(argc - 1, argv + 1);
    names.emplace_back(verb.name);
  }
  const std::string guess = nearest(std::string(name), names);
  print_error(
      "there is no verb 'pod %s'; %s", std::string(name).c_str(),
      guess.empty() ? "'ambit pod --help' lists them" : ("did you mean '" + guess + "'?").c_str());
  return kExitFailure;
}

}  // namespace ambit::cli
