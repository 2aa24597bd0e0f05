// Threads that give way.
#include "run/background.h"

#ifdef __linux__
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#endif

namespace voisin {

void giveWay([[maybe_unused]] pid_t thread) {
#if defined(__linux__) && defined(SYS_sched_setattr)
    // Another process's thread is none of ours.
    if (thread != 0 && syscall(SYS_tgkill, getpid(), thread, 0) != 0) {
        return;
    }
    // As in sched_setattr(2); glibc 2.36 has neither the call nor the structure.
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes{};
    attributes.size = sizeof attributes;
    attributes.policy = SCHED_OTHER;
    attributes.nice = 10;
    attributes.runtime = 100'000'000;
    syscall(SYS_sched_setattr, thread, &attributes, 0);
#endif
}

} // namespace voisin
