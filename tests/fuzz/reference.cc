// Names of images.

#include <string>

#include "fuzz/fuzz.h"
#include "spec/reference.h"

namespace ambit::fuzz {

void try_input(std::string_view input) {
  (void)spec::familiar_name(input);
  const auto reference = spec::parse_reference(input);
  if (!reference) return;
  const std::string name = (*reference).normalised();
  for (const std::string& form : {name, (*reference).familiar()}) {
    const auto again = spec::parse_reference(form);
    if (!again) fail("what was written is a reference");
    expect_same(name, (*again).normalised(), "a reference keeps its content");
  }
  if ((*reference).tag.empty() && (*reference).digest.empty())
    fail("a reference has a tag or a digest");
  if (!(*reference).digest.empty() && !spec::is_sha256_hex(spec::digest_hex((*reference).digest)))
    fail("a digest has 64 digits");
}

}  // namespace ambit::fuzz
