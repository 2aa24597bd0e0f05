// The threads on which FAISS runs.
#include "run/pool.h"

#include <algorithm>
#include <thread>

#include "run/cores.h"

namespace voisin {

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
    wake_.notify_one();
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
        if (lane == Lane::bulk) {
            {
                std::lock_guard<std::mutex> lock(mutex_);
                bulkRunning_--;
            }
            wake_.notify_one();
        }
    }
}

} // namespace voisin
