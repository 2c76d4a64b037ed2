#pragma once

namespace ambit::cli {

// `ambit pod ps`.
int pod_ps(int argc, char** argv);

}  // namespace ambit::cli
