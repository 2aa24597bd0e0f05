// Who may use an index now: reads side by side, writes alone, in the order of the calls.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "run/pool.h"

namespace voisin {

enum class Access { read, write };

/// A first-in, first-out queue for one index. A waiting write holds back the reads behind it, so nobody waits for ever. A task is handed
/// to the pool only when it may run: no thread of the pool ever waits for a lock.
class Gate : public std::enable_shared_from_this<Gate> {
  public:
    void submit(Access access, Lane lane, Task task);
    /// Begins a read on the calling thread, unless a change is under way or waits: then false. `endRead` ends it.
    bool tryRead();
    void endRead() {
        finished(Access::read);
    }

  private:
    struct Waiting {
        Access access;
        Lane lane;
        Task task;
    };
    void dispatch();
    void finished(Access access);

    std::mutex mutex_;
    std::deque<Waiting> waiting_;
    int readers_ = 0;
    bool writing_ = false;
};

} // namespace voisin
