#pragma once

#include <cstddef>
#include <span>

namespace ambit::cli {

struct Verb {
  const char* name;
  const char* summary;
  // argv[0] is the verb. Returns the exit code.
  int (*run)(int argc, char** argv);
};

// In the order in which help shows them.
std::span<const Verb> verbs();

int verb_attach(int argc, char** argv);
int verb_create(int argc, char** argv);
int verb_doctor(int argc, char** argv);
int verb_events(int argc, char** argv);
int verb_exec(int argc, char** argv);
int verb_healthcheck(int argc, char** argv);
int verb_images(int argc, char** argv);
int verb_import(int argc, char** argv);
int verb_info(int argc, char** argv);
int verb_inspect(int argc, char** argv);
int verb_kill(int argc, char** argv);
int verb_load(int argc, char** argv);
int verb_logs(int argc, char** argv);
int verb_pause(int argc, char** argv);
int verb_pod(int argc, char** argv);
int verb_ps(int argc, char** argv);
int verb_rename(int argc, char** argv);
int verb_pull(int argc, char** argv);
int verb_restart(int argc, char** argv);
int verb_rm(int argc, char** argv);
int verb_rmi(int argc, char** argv);
int verb_run(int argc, char** argv);
int verb_start(int argc, char** argv);
int verb_stats(int argc, char** argv);
int verb_stop(int argc, char** argv);
int verb_tag(int argc, char** argv);
int verb_unpause(int argc, char** argv);
int verb_top(int argc, char** argv);
int verb_untag(int argc, char** argv);
int verb_update(int argc, char** argv);
int verb_version(int argc, char** argv);
int verb_wait(int argc, char** argv);

}  // namespace ambit::cli
