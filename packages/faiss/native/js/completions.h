// The way back from the pool's threads to one JavaScript thread.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <vector>

#include "run/gate.h"

namespace voisin {

/// A call under way. Made and settled on the JavaScript thread; `compute` runs on the pool, or on that thread too.
class Call {
  public:
    virtual ~Call() = default;
    virtual void compute() noexcept = 0;
    virtual void settle(Napi::Env env) = 0;
};

/// One for each JavaScript environment (main thread, each worker thread). Finished calls are collected and settled together: one
/// wake-up of the event loop may settle many.
class Completions : public std::enable_shared_from_this<Completions> {
  public:
    static void install(Napi::Env env);
    static std::shared_ptr<Completions> of(Napi::Env env);
    /// The class of indexes in this environment.
    static Napi::FunctionReference& indexClass(Napi::Env env);

    /// JavaScript thread: a call begins. The process stays alive until it is settled.
    void begin();
    /// Any thread: the call is computed.
    void finish(std::unique_ptr<Call> call);

    /// JavaScript thread: what to do when a call has been kept; it asks for `runKept` once the thread has nothing else at hand.
    void onKept(Napi::Function tell);
    /// JavaScript thread: no call is kept.
    bool hasHandFree() const {
        return !kept_;
    }
    /// JavaScript thread: keeps a call for this thread. Its read has begun in the gate and ends when the call is computed.
    void keep(std::unique_ptr<Call> call, std::shared_ptr<Gate> gate);
    /// JavaScript thread: computes the call that was kept, and settles it with those that the pool has computed meanwhile.
    void runKept(Napi::Env env);

  private:
    explicit Completions(Napi::Env env);
    static void drain(Napi::Env env, Napi::Function, Completions* self, void*);
    /// Whether there was any.
    bool settleAll(Napi::Env env);
    void close();

    using Wake = Napi::TypedThreadSafeFunction<Completions, void, &Completions::drain>;
    Napi::Env env_;
    Wake wake_;
    size_t pending_ = 0;
    Napi::FunctionReference tell_;
    std::unique_ptr<Call> kept_;
    std::shared_ptr<Gate> keptGate_;
    bool putOff_ = false;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Call>> done_;
    bool closed_ = false;
};

} // namespace voisin
