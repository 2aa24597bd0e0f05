// The threads on which FAISS runs. One pool for the process, whatever the number of indexes and of Node's own threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace voisin {

using Task = std::function<void()>;

/// `bulk` work (adds, training, reading files) may hold all threads but one, so that a search always finds one soon.
enum class Lane { quick, bulk };

class Pool {
  public:
    /// The process's pool. Never destroyed: a thread may be inside FAISS when the process exits.
    static Pool& shared();

    void post(Task task, Lane lane);

    /// The number of threads; fails (false) once they have started.
    bool setThreads(int count);
    int threads();

  private:
    void start();
    void loop();
    void lookOut();
    bool takeNext(Task& task, Lane& lane);

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Task> quick_;
    std::deque<Task> bulk_;
    int threads_ = 0;
    int bulkRunning_ = 0;
    /// A thread that has just ended a quick task watches this for the next one.
    std::atomic<bool> lookout_{false};
    bool started_ = false;
};

} // namespace voisin
