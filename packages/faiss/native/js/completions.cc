// The way back from the pool's threads to one JavaScript thread.
#include "js/completions.h"

namespace voisin {
namespace {

/// Lives and dies with the environment, on its thread. The completions may live longer: calls still computing hold them.
struct Installed {
    std::shared_ptr<Completions> completions;
    Napi::FunctionReference indexClass;
};

} // namespace

Completions::Completions(Napi::Env env) : env_(env) {}

void Completions::install(Napi::Env env) {
    std::shared_ptr<Completions> self(new Completions(env));
    self->wake_ = Wake::New(env, "voisin_faiss", 0, 1, self.get());
    self->wake_.Unref(env);
    env.SetInstanceData(new Installed{self, {}});
    env.AddCleanupHook([self] { self->close(); });
}

std::shared_ptr<Completions> Completions::of(Napi::Env env) {
    return env.GetInstanceData<Installed>()->completions;
}

Napi::FunctionReference& Completions::indexClass(Napi::Env env) {
    return env.GetInstanceData<Installed>()->indexClass;
}

void Completions::begin() {
    if (pending_++ == 0) {
        wake_.Ref(env_);
    }
}

void Completions::finish(std::unique_ptr<Call> call) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) {
        static_cast<void>(call.release());
        return;
    }
    done_.push_back(std::move(call));
    // Under the lock: `close` must not release the function between the look and the call. Only the first of a batch wakes the loop.
    if (done_.size() == 1) {
        wake_.NonBlockingCall();
    }
}

void Completions::onKept(Napi::Function tell) {
    tell_ = Napi::Persistent(tell);
}

void Completions::keep(std::unique_ptr<Call> call, std::shared_ptr<Gate> gate) {
    begin();
    kept_ = std::move(call);
    keptGate_ = std::move(gate);
    tell_.Call({});
}

void Completions::runKept(Napi::Env env) {
    if (!kept_) {
        return;
    }
    // A caller whose call the pool has just computed asks again before this thread computes: both have work then.
    if (!putOff_ && settleAll(env)) {
        putOff_ = true;
        tell_.Call({});
        return;
    }
    putOff_ = false;
    kept_->compute();
    keptGate_->endRead();
    keptGate_.reset();
    {
        std::lock_guard<std::mutex> lock(mutex_);
        done_.push_back(std::move(kept_));
    }
    settleAll(env);
}

void Completions::drain(Napi::Env env, Napi::Function, Completions* self, void*) {
    if (env != nullptr) {
        self->settleAll(env);
    }
}

bool Completions::settleAll(Napi::Env env) {
    std::vector<std::unique_ptr<Call>> batch;
    {
        std::lock_guard<std::mutex> lock(mutex_);
        batch.swap(done_);
    }
    for (auto& call : batch) {
        Napi::HandleScope scope(env);
        try {
            call->settle(env);
        } catch (const Napi::Error&) {
            // The environment is being ended and takes no more values: there is nobody left to tell.
        }
        call.reset();
        if (--pending_ == 0) {
            wake_.Unref(env);
        }
    }
    return !batch.empty();
}

/// The environment ends. Calls still computing finish on their own. Every unsettled call is leaked: it holds references that only a
/// living environment can delete.
void Completions::close() {
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    for (auto& call : done_) {
        static_cast<void>(call.release());
    }
    done_.clear();
    static_cast<void>(kept_.release());
    tell_.Reset();
    wake_.Release();
}

} // namespace voisin
