#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace ambit::image {

// A running SHA-256 (OpenSSL). Linked by the worker only.
class Sha256 {
 public:
  Sha256();

  void update(std::string_view bytes);

  // "sha256:…" of all that was given; afterwards it starts anew.
  std::string digest();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
  };
  void start();

  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// "sha256:…" of `bytes`.
std::string sha256(std::string_view bytes);

}  // namespace ambit::image
