#include "team.h"

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace voisin {
namespace {

/// Looks at a word again and again, for as long as a step usually takes; then lets other threads run in between.
class Watch {
  public:
    void pause() {
        if (++looks_ % patience == 0) return std::this_thread::yield();
#if defined(__x86_64__)
        _mm_pause();
#endif
    }

  private:
    static constexpr unsigned patience = 1000;
    unsigned looks_ = 0;
};

} // namespace

Team::Team(size_t size) {
    try {
        for (size_t thread = 1; thread < size; thread++) helpers_.emplace_back([this, thread] { help(thread); });
    } catch (...) {
        end();
        throw;
    }
}

Team::~Team() {
    end();
}

void Team::end() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    called_.notify_all();
    for (auto& helper : helpers_) helper.join();
}

Team::Pass::Pass(Team& team) : team_(team) {
    if (team.helpers_.empty()) return;
    team.keepHelpersAway();
    {
        const std::lock_guard lock(team.mutex_);
        team.running_.store(true, std::memory_order_relaxed);
    }
    team.called_.notify_all();
}

Team::Pass::~Pass() {
    team_.running_.store(false, std::memory_order_relaxed);
}

void Team::keepHelpersAway() {
#if defined(__linux__)
    const int processor = sched_getcpu();
    if (processor < 0 || processor == processor_) return;
    processor_ = processor;
    cpu_set_t others;
    if (sched_getaffinity(0, sizeof others, &others) != 0) return;
    CPU_CLR(processor, &others);
    if (CPU_COUNT(&others) == 0) return;
    for (auto& helper : helpers_) pthread_setaffinity_np(helper.native_handle(), sizeof others, &others);
#endif
}

void Team::run(size_t count, Call call, const void* work) {
    if (helpers_.empty() || count == 1) {
        for (size_t piece = 0; piece < count; piece++) call(work, piece, 0);
        return;
    }
    // next_ is closed here: nobody takes a piece, so that the step can be described.
    const uint64_t step = (next_.load(std::memory_order_relaxed) >> 32) + 1;
    call_.store(call, std::memory_order_relaxed);
    work_.store(work, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    // Whoever sees the new count sees that the old step is closed.
    count_.store(static_cast<uint32_t>(count), std::memory_order_release);
    next_.store(step << 32, std::memory_order_release);
    while (takeOne(0)) {}
    Watch watch;
    while (done_.load(std::memory_order_acquire) < count) watch.pause();
    next_.store(step << 32 | closed, std::memory_order_release);
}

bool Team::takeOne(size_t thread) {
    uint64_t next = next_.load(std::memory_order_acquire);
    for (;;) {
        const auto piece = static_cast<uint32_t>(next);
        const Call call = call_.load(std::memory_order_relaxed);
        const void* work = work_.load(std::memory_order_relaxed);
        if (piece == closed || piece >= count_.load(std::memory_order_acquire)) return false;
        if (!next_.compare_exchange_weak(next, next + 1, std::memory_order_acquire)) continue;
        call(work, piece, thread);
        done_.fetch_add(1, std::memory_order_release);
        return true;
    }
}

void Team::help(size_t thread) {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            called_.wait(lock, [this] { return ending_ || running_.load(std::memory_order_relaxed); });
            if (ending_) return;
        }
        Watch watch;
        while (running_.load(std::memory_order_relaxed)) {
            if (!takeOne(thread)) watch.pause();
        }
    }
}

} // namespace voisin
