// Who may use an index now.
#include "run/gate.h"

namespace voisin {

void Gate::submit(Access access, Lane lane, Task task) {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back({access, lane, std::move(task)});
    dispatch();
}

bool Gate::tryRead() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (writing_ || !waiting_.empty()) {
        return false;
    }
    readers_++;
    return true;
}

/// Called with the mutex held.
void Gate::dispatch() {
    while (!waiting_.empty() && !writing_) {
        Waiting& next = waiting_.front();
        if (next.access == Access::write) {
            if (readers_ > 0) {
                return;
            }
            writing_ = true;
        } else {
            readers_++;
        }
        Pool::shared().post(
                [self = shared_from_this(), access = next.access, task = std::move(next.task)]() mutable {
                    task();
                    // What the task holds goes before the next one starts.
                    task = nullptr;
                    self->finished(access);
                },
                next.lane);
        waiting_.pop_front();
    }
}

void Gate::finished(Access access) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (access == Access::write) {
        writing_ = false;
    } else {
        readers_--;
    }
    dispatch();
}

} // namespace voisin
