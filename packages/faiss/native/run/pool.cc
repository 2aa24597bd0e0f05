// The threads on which FAISS runs.
#include "run/pool.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "run/cores.h"

namespace voisin {
namespace {

constexpr std::chrono::microseconds lookoutTime(100);

} // namespace

Pool& Pool::shared() {
    static Pool* pool = new Pool();
    return *pool;
}

int Pool::threads() {
    std::lock_guard<std::mutex> lock(mutex_);
    return threads_ > 0 ? threads_ : std::max(2, coreCount());
}

bool Pool::setThreads(int count) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (started_) {
        return false;
    }
    threads_ = count;
    return true;
}

void Pool::start() {
    started_ = true;
    if (threads_ <= 0) {
        threads_ = std::max(2, coreCount());
    }
    for (int i = 0; i < threads_; i++) {
        std::thread([this] { loop(); }).detach();
    }
}

void Pool::post(Task task, Lane lane) {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!started_) {
            start();
        }
        (lane == Lane::quick ? quick_ : bulk_).push_back(std::move(task));
    }
    // A lookout sees it, and looks at the queue before it sleeps.
    if (!lookout_.exchange(false)) {
        wake_.notify_one();
    }
}

/// Callers ask again as soon as they are answered. To be woken takes 20 to 40 us, half of a search in a graph; meanwhile whoever wants the core has it.
void Pool::lookOut() {
    bool nobody = false;
    if (!lookout_.compare_exchange_strong(nobody, true)) {
        return;
    }
    const auto end = std::chrono::steady_clock::now() + lookoutTime;
    while (lookout_ && std::chrono::steady_clock::now() < end) {
        std::this_thread::yield();
    }
    lookout_ = false;
}

bool Pool::takeNext(Task& task, Lane& lane) {
    if (!quick_.empty()) {
        task = std::move(quick_.front());
        quick_.pop_front();
        lane = Lane::quick;
        return true;
    }
    if (!bulk_.empty() && bulkRunning_ < std::max(1, threads_ - 1)) {
        task = std::move(bulk_.front());
        bulk_.pop_front();
        bulkRunning_++;
        lane = Lane::bulk;
        return true;
    }
    return false;
}

void Pool::loop() {
    for (;;) {
        Task task;
        Lane lane;
        {
            std::unique_lock<std::mutex> lock(mutex_);
            wake_.wait(lock, [&] { return takeNext(task, lane); });
        }
        task();
        task = nullptr;
        if (lane == Lane::quick) {
            lookOut();
        } else {
            {
                std::lock_guard<std::mutex> lock(mutex_);
                bulkRunning_--;
            }
            wake_.notify_one();
        }
    }
}

} // namespace voisin
