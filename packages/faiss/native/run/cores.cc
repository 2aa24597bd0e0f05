// How many cores one call may use.
#include "run/cores.h"

#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <mutex>
#include <thread>

// Weak: with another BLAS there are no such functions.
extern "C" {
int openblas_get_parallel() __attribute__((weak));
void openblas_set_num_threads(int) __attribute__((weak));
}

namespace voisin {
namespace {

std::mutex mutex;
int taken = 0;

} // namespace

void boundOpenBlas() {
    constexpr int ownThreads = 1;
    if (openblas_get_parallel != nullptr && openblas_set_num_threads != nullptr && openblas_get_parallel() == ownThreads) {
        openblas_set_num_threads(1);
    }
}

int coreCount() {
    static const int count = [] {
        cpu_set_t set;
        if (sched_getaffinity(0, sizeof set, &set) == 0) {
            return std::max(1, CPU_COUNT(&set));
        }
        return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    }();
    return count;
}

Cores::Cores(int wanted) {
    std::lock_guard<std::mutex> lock(mutex);
    count_ = std::max(1, std::min(wanted, coreCount() - taken));
    taken += count_;
    omp_set_num_threads(count_);
}

Cores::~Cores() {
    std::lock_guard<std::mutex> lock(mutex);
    taken -= count_;
}

} // namespace voisin
