// Threads that work on one forward pass together.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace voisin {

/**
 * A pass is some dozens of short steps (microseconds), each a number of independent pieces. The calling thread begins at once; helpers join
 * when they are there, take the next piece that nobody has taken, and look out for the next step without sleeping until the pass ends. So nobody
 * waits for a helper that the system has not woken yet, only for one in the middle of a piece.
 */
class Team {
  public:
    /// @param size threads in all, the calling one among them: at least 1
    explicit Team(size_t size);
    ~Team();
    Team(const Team&) = delete;
    Team& operator=(const Team&) = delete;

    size_t size() const {
        return helpers_.size() + 1;
    }

    /// Calls the helpers; they work until the object is gone. One at a time.
    class Pass {
      public:
        explicit Pass(Team& team);
        ~Pass();
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;

        /// work(piece, thread) for each piece below `count`, in any order and on any thread below size(); returns when all are done.
        template <typename Work> void each(size_t count, const Work& work) {
            team_.run(count, [](const void* it, size_t piece, size_t thread) { (*static_cast<const Work*>(it))(piece, thread); }, &work);
        }

      private:
        Team& team_;
    };

  private:
    using Call = void (*)(const void* work, size_t piece, size_t thread);

    /// Lets helpers run on every processor but the calling thread's. Linux likes to wake a thread where the one that wakes it runs, and leaves it
    /// there: the two then share a processor for a whole pass, beside an idle one.
    void keepHelpersAway();
    void run(size_t count, Call call, const void* work);
    void help(size_t thread);
    void end();
    bool takeOne(size_t thread);

    // The step under way. Its number and its next piece are one word, so that who takes a piece knows that it is still the same step: the other
    // three are read before, and change only while no piece can be taken.
    std::atomic<uint64_t> next_{closed};
    std::atomic<uint32_t> count_{0};
    std::atomic<Call> call_{nullptr};
    std::atomic<const void*> work_{nullptr};
    alignas(64) std::atomic<uint32_t> done_{0};

    alignas(64) std::atomic<bool> running_{false};
    bool ending_ = false;
    std::mutex mutex_;
    std::condition_variable called_;
    std::vector<std::thread> helpers_;
    /// The one that helpers were last kept away from.
    int processor_ = -1;

    static constexpr uint64_t closed = 0xffffffff;
};

} // namespace voisin
