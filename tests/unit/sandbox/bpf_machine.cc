#include "bpf_machine.h"

#include <linux/filter.h>

#include <cstring>
#include <vector>

namespace ambit::sandbox {
namespace {

bool compare(std::uint16_t code, std::uint32_t left, std::uint32_t right) {
  switch (BPF_OP(code)) {
    case BPF_JEQ:
      return left == right;
    case BPF_JGT:
      return left > right;
    case BPF_JGE:
      return left >= right;
    default:  // BPF_JSET
      return (left & right) != 0;
  }
}

}  // namespace

std::optional<std::uint32_t> run_bpf(std::string_view program, const seccomp_data& call) {
  std::vector<sock_filter> code(program.size() / sizeof(sock_filter));
  std::memcpy(code.data(), program.data(), code.size() * sizeof(sock_filter));
  std::uint32_t loaded = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const sock_filter& instruction = code[i];
    switch (instruction.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        if (instruction.k % 4 != 0 || instruction.k >= sizeof call) return std::nullopt;
        std::memcpy(&loaded, reinterpret_cast<const char*>(&call) + instruction.k, sizeof loaded);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        loaded &= instruction.k;
        break;
      case BPF_JMP | BPF_JA:
        i += instruction.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
      case BPF_JMP | BPF_JGT | BPF_K:
      case BPF_JMP | BPF_JGE | BPF_K:
      case BPF_JMP | BPF_JSET | BPF_K:
        i += compare(instruction.code, loaded, instruction.k) ? instruction.jt : instruction.jf;
        break;
      case BPF_RET | BPF_K:
        return instruction.k;
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace ambit::sandbox
