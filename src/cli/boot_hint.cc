#include "cli/boot_hint.h"

#include "cli/once.h"
#include "cli/output.h"
#include "systemd/unit_file.h"

namespace ambit::cli {
namespace {

constexpr char kStamp[] = "boot-checked";

}  // namespace

void warn_without_boot_start(Client& client, const CreateFlags& flags) {
  if (flags.restart != "always" && flags.restart != "unless-stopped") return;
  if (was_said(kStamp)) return;
  const auto state = systemd::unit_file_state(client.bus(), "ambit.service");
  // A host that can't be asked is no reason to complain.
  if (!state || (*state).starts_with("enabled") || !claim_saying(kStamp)) return;
  print_error(
      "after a reboot it starts with your first ambit command; to start it with the machine: "
      "systemctl --user enable ambit.service");
}

}  // namespace ambit::cli
