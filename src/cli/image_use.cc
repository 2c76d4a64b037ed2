#include "cli/image_use.h"

#include <utility>

#include "spec/reference.h"

namespace ambit::cli {
namespace {

Result<PullPolicy> policy_of(const CreateFlags& flags) {
  return flags.pull ? parse_pull_policy(*flags.pull) : PullPolicy::Missing;
}

// A root that is no image's, or an ID: no registry has it.
bool can_be_pulled(const std::string& image) {
  return image != "host:" && !image.starts_with("rootfs:") && !image.starts_with("sha256:") &&
         spec::parse_reference(image).has_value();
}

}  // namespace

Result<void> pull_before(Client& client, const CreateFlags& flags, const std::string& image) {
  const PullPolicy policy = AMBIT_TRY(policy_of(flags));
  if (policy != PullPolicy::Always && policy != PullPolicy::Newer) return {};
  if (!can_be_pulled(image)) return {};
  auto pulled = pull(client, image, flags.registry);
  // With "newer" an image that is there will do where the registry can't be asked.
  if (pulled || (policy == PullPolicy::Newer && client.find_image(image))) return {};
  return std::move(pulled).error();
}

Result<void> pull_missing(Client& client, const CreateFlags& flags, const std::string& image,
                          Error error) {
  const PullPolicy policy = AMBIT_TRY(policy_of(flags));
  if (policy != PullPolicy::Missing || !can_be_pulled(image))
    return explain_missing_image(std::move(error));
  // The attempt may have ended with its connection.
  AMBIT_TRY(client.reconnect());
  (void)AMBIT_TRY(pull(client, image, flags.registry));
  return {};
}

}  // namespace ambit::cli
