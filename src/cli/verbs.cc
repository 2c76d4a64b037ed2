#include "cli/verbs.h"

namespace ambit::cli {
namespace {

constexpr Verb kVerbs[] = {
    {"run", "create a container and start it", verb_run},
    {"create", "create a container", verb_create},
    {"start", "start containers", verb_start},
    {"stop", "stop containers", verb_stop},
    {"restart", "stop containers and start them again", verb_restart},
    {"kill", "send a signal to containers", verb_kill},
    {"pause", "freeze containers where they are", verb_pause},
    {"unpause", "let paused containers go on", verb_unpause},
    {"rm", "remove containers", verb_rm},
    {"ps", "list containers", verb_ps},
    {"inspect", "show everything about containers and images", verb_inspect},
    {"logs", "show what a container has written", verb_logs},
    {"top", "show the processes of a container", verb_top},
    {"stats", "show what containers use", verb_stats},
    {"events", "show what happens to containers and images", verb_events},
    {"attach", "connect to a running container", verb_attach},
    {"wait", "wait until containers have exited", verb_wait},
    {"exec", "run a command in a running container", verb_exec},
    {"healthcheck", "run a container's health check now", verb_healthcheck},
    {"rename", "give a container another name", verb_rename},
    {"update", "change the limits of containers", verb_update},
    {"pod", "make, start, stop and list pods: containers that share a slice", verb_pod},
    {"pull", "fetch images from a registry", verb_pull},
    {"load", "take images from an archive or a folder", verb_load},
    {"import", "make an image from a root file system", verb_import},
    {"images", "list images", verb_images},
    {"tag", "give an image a further name", verb_tag},
    {"untag", "take a name from an image", verb_untag},
    {"rmi", "remove images", verb_rmi},
    {"doctor", "check this host for what ambit needs", verb_doctor},
    {"info", "show ambit's state and features", verb_info},
    {"version", "show the versions of ambit and ambitd", verb_version},
};

}  // namespace

std::span<const Verb> verbs() { return kVerbs; }

}  // namespace ambit::cli
