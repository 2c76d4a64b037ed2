#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cli/client.h"
#include "cli/create_flags.h"

namespace ambit::cli {

// What --pull wants before and after an attempt to use an image.
Result<void> pull_before(Client& client, const CreateFlags& flags, const std::string& image);
// The error as it was where the image is not to be fetched.
Result<void> pull_missing(Client& client, const CreateFlags& flags, const std::string& image,
                          Error error);

// Does `use`, which needs the image, as --pull has it: once more after the image was fetched where
// the first attempt found it missing, so that one that is there costs no question.
template <typename T>
Result<T> with_image(Client& client, const CreateFlags& flags, const std::string& image,
                     const std::function<Result<T>()>& use) {
  AMBIT_TRY(pull_before(client, flags, image));
  Result<T> used = use();
  if (used || used.error().code() != ErrorCode::NoSuchImage) return used;
  AMBIT_TRY(pull_missing(client, flags, image, std::move(used).error()));
  return use();
}

}  // namespace ambit::cli
