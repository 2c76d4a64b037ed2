#include "image/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

#include "base/strings.h"

namespace ambit::image {

void Sha256::Free::operator()(evp_md_ctx_st* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) { start(); }

// Fails only without memory or without the algorithm: nothing can be verified then.
void Sha256::start() {
  if (EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) std::abort();
}

void Sha256::update(std::string_view bytes) {
  if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) std::abort();
}

std::string Sha256::digest() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_DigestFinal_ex(context_.get(), bytes, &length) != 1) std::abort();
  start();
  return "sha256:" + hex({reinterpret_cast<const char*>(bytes), length});
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.digest();
}

}  // namespace ambit::image
