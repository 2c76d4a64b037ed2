#include "sandbox/seccomp_program.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace ambit::sandbox {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "where the words of an argument are");

using Code = std::vector<sock_filter>;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter load_low(unsigned argument) {
  return load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
}
sock_filter load_high(unsigned argument) {
  return load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t) +
              sizeof(std::uint32_t));
}
sock_filter mask(std::uint32_t bits) { return BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits); }
sock_filter give(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }

// `comparison` is BPF_JEQ, BPF_JGT or BPF_JGE.
sock_filter jump(std::uint16_t comparison, std::uint32_t value, std::size_t if_true,
                 std::size_t if_false) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | comparison | BPF_K), value,
                  static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false));
}

void append(Code& code, const Code& more) { code.insert(code.end(), more.begin(), more.end()); }

// `block`, to be skipped unless the comparison holds for what is loaded. A conditional jump is
// short.
Code only_if(std::uint16_t comparison, std::uint32_t value, const Code& block) {
  Code code;
  if (block.size() <= UINT8_MAX) {
    code = {jump(comparison, value, 0, block.size())};
  } else {
    code = {jump(comparison, value, 1, 0),
            BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(block.size()))};
  }
  append(code, block);
  return code;
}

// `block`, which is short, to be skipped unless the condition holds. An argument is two words.
Code only_with(const scmp_arg_cmp& condition, const Code& block) {
  const std::size_t skip = block.size();
  const auto [high, low] = [&] {
    const std::uint64_t value = condition.op == SCMP_CMP_MASKED_EQ
                                    ? condition.datum_b & condition.datum_a
                                    : condition.datum_a;
    return std::pair(static_cast<std::uint32_t>(value >> 32), static_cast<std::uint32_t>(value));
  }();
  const auto mask_high = static_cast<std::uint32_t>(condition.datum_a >> 32);
  const auto mask_low = static_cast<std::uint32_t>(condition.datum_a);
  const sock_filter first = load_high(condition.arg);
  const sock_filter second = load_low(condition.arg);
  Code code;
  switch (condition.op) {
    case SCMP_CMP_EQ:
      code = {first, jump(BPF_JEQ, high, 0, skip + 2), second, jump(BPF_JEQ, low, 0, skip)};
      break;
    case SCMP_CMP_NE:
      code = {first, jump(BPF_JEQ, high, 0, 2), second, jump(BPF_JEQ, low, skip, 0)};
      break;
    case SCMP_CMP_MASKED_EQ:
      code = {first,  mask(mask_high), jump(BPF_JEQ, high, 0, skip + 3),
              second, mask(mask_low),  jump(BPF_JEQ, low, 0, skip)};
      break;
    case SCMP_CMP_GE:
    case SCMP_CMP_GT:
      code = {first, jump(BPF_JGT, high, 3, 0), jump(BPF_JEQ, high, 0, skip + 2), second,
              jump(condition.op == SCMP_CMP_GE ? BPF_JGE : BPF_JGT, low, 0, skip)};
      break;
    case SCMP_CMP_LT:
    case SCMP_CMP_LE:
      code = {first, jump(BPF_JGT, high, skip + 3, 0), jump(BPF_JEQ, high, 0, 2), second,
              jump(condition.op == SCMP_CMP_LT ? BPF_JGE : BPF_JGT, low, skip, 0)};
      break;
    default:
      std::abort();  // the compiler knows no other
  }
  append(code, block);
  return code;
}

// What becomes of a call whose number is known. Always returns.
Code decide(const CallRule& call, std::uint32_t default_action) {
  const std::uint32_t rest = call.unconditional.value_or(default_action);
  std::span<const ConditionalAction> conditionals = call.conditionals;
  // Those at the end that change nothing.
  while (!conditionals.empty() && conditionals.back().action == rest)
    conditionals = conditionals.first(conditionals.size() - 1);
  Code code;
  for (const ConditionalAction& conditional : conditionals) {
    Code block = {give(conditional.action)};
    for (const scmp_arg_cmp& condition : conditional.conditions)
      block = only_with(condition, block);
    append(code, block);
  }
  code.push_back(give(rest));
  return code;
}

// Numbers from `first` to the next segment's.
struct Segment {
  std::uint32_t first = 0;
  Code code;
};

bool is_same(const Code& left, const Code& right) {
  return left.size() == 1 && right.size() == 1 && left[0].k == right[0].k;
}

void add_segment(std::vector<Segment>& segments, std::uint32_t first, Code code) {
  if (!segments.empty() && is_same(segments.back().code, code)) return;
  segments.push_back({first, std::move(code)});
}

// The whole number space of an architecture.
std::vector<Segment> segments_of(const ArchitectureCalls& part, const ProgramOptions& options) {
  std::vector<Segment> segments;
  std::uint32_t next = part.architecture->number_base;
  for (const auto& [number, call] : part.calls) {
    if (number > next) add_segment(segments, next, {give(options.default_action)});
    add_segment(segments, number, decide(call, options.default_action));
    next = number + 1;
  }
  // Without a call that is named there is nothing to be newer than.
  add_segment(segments, next,
              {give(part.calls.empty() ? options.default_action : options.newer_action)});
  return segments;
}

// With the number loaded.
Code find_by_halving(std::span<const Segment> segments) {
  if (segments.size() == 1) return segments.front().code;
  const std::size_t middle = segments.size() / 2;
  Code code = only_if(BPF_JGE, segments[middle].first, find_by_halving(segments.subspan(middle)));
  append(code, find_by_halving(segments.first(middle)));
  return code;
}

Code calls_of(const ArchitectureCalls& part, const ProgramOptions& options) {
  return find_by_halving(segments_of(part, options));
}

const ArchitectureCalls* find_part(std::span<const ArchitectureCalls> parts,
                                   const LocalArchitecture* architecture) {
  for (const ArchitectureCalls& part : parts)
    if (part.architecture == architecture) return &part;
  return nullptr;
}

// The calls of one AUDIT_ARCH_, with the number loaded.
Code native_calls(std::span<const ArchitectureCalls> parts, const ProgramOptions& options) {
  Code code;
#if defined(__x86_64__)
  // x32 is told from x86-64 by its numbers alone. A tracer that cancels a call leaves -1.
  const LocalArchitecture* x32 = find_local_architecture("SCMP_ARCH_X32");
  const ArchitectureCalls* part = find_part(parts, x32);
  Code above = only_if(BPF_JEQ, UINT32_MAX, {give(options.default_action)});
  append(above, part == nullptr ? Code{give(options.foreign_action)} : calls_of(*part, options));
  append(code, only_if(BPF_JGE, x32->number_base, above));
#endif
  append(code, calls_of(*find_part(parts, &native_architecture()), options));
  return code;
}

}  // namespace

std::string seccomp_program(std::span<const ArchitectureCalls> architectures,
                            const ProgramOptions& options) {
  const std::uint32_t native = native_architecture().audit;
  const sock_filter load_number = load(offsetof(seccomp_data, nr));
  Code block = {load_number};
  append(block, native_calls(architectures, options));
  Code code = {load(offsetof(seccomp_data, arch))};
  append(code, only_if(BPF_JEQ, native, block));
  for (const ArchitectureCalls& part : architectures) {
    if (part.architecture->audit == native) continue;
    block = {load_number};
    append(block, calls_of(part, options));
    append(code, only_if(BPF_JEQ, part.architecture->audit, block));
  }
  code.push_back(give(options.foreign_action));
  return std::string(reinterpret_cast<const char*>(code.data()), code.size() * sizeof(sock_filter));
}

}  // namespace ambit::sandbox
