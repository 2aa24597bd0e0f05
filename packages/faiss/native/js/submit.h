// Turns a function that computes on the pool into a promise.
#pragma once

#include <napi.h>

#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "js/completions.h"
#include "js/errors.h"
#include "run/gate.h"

namespace voisin {

/// `Work` makes a Result on a thread of the pool; `Convert` makes a JavaScript value of it on the JavaScript thread.
template <class Work, class Convert>
class PromisedCall final : public Call {
  public:
    PromisedCall(Napi::Env env, Work work, Convert convert)
        : deferred_(Napi::Promise::Deferred::New(env)), work_(std::move(work)), convert_(std::move(convert)) {}

    Napi::Promise promise() const {
        return deferred_.Promise();
    }

    void compute() noexcept override {
        try {
            result_ = std::make_unique<Result>(work_());
        } catch (...) {
            failure_ = describeCurrentException();
        }
    }

    void settle(Napi::Env env) override {
        if (result_) {
            try {
                deferred_.Resolve(convert_(env, *result_));
                return;
            } catch (const Napi::Error& error) {
                deferred_.Reject(error.Value());
                return;
            }
        }
        deferred_.Reject(toJavaScript(env, failure_));
    }

  private:
    using Result = decltype(std::declval<Work&>()());
    Napi::Promise::Deferred deferred_;
    Work work_;
    Convert convert_;
    std::unique_ptr<Result> result_;
    Failure failure_;
};

/// Where a read computes: on the pool; at once on the thread that calls; or on that thread when it has nothing else at hand, one call at a
/// time. The pool computes what a change is in the way of, and what finds another call kept.
enum class Place { pool, here, kept };

/// Queues the work and answers with its promise.
template <class Work, class Convert>
Napi::Promise submit(Napi::Env env, Gate& gate, Access access, Lane lane, Work work, Convert convert, Place place = Place::pool) {
    auto call = std::make_unique<PromisedCall<Work, Convert>>(env, std::move(work), std::move(convert));
    const Napi::Promise promise = call->promise();
    if (place == Place::here && access == Access::read && gate.tryRead()) {
        call->compute();
        gate.endRead();
        call->settle(env);
        return promise;
    }
    auto completions = Completions::of(env);
    if (place == Place::kept && access == Access::read && completions->hasHandFree() && gate.tryRead()) {
        completions->keep(std::move(call), gate.shared_from_this());
        return promise;
    }
    completions->begin();
    // std::function wants something that can be copied.
    auto shared = std::make_shared<std::unique_ptr<Call>>(std::move(call));
    gate.submit(access, lane, [shared, completions] {
        (*shared)->compute();
        completions->finish(std::move(*shared));
    });
    return promise;
}

/// A result that is nothing.
struct Nothing {};
inline Napi::Value toUndefined(Napi::Env env, Nothing&) {
    return env.Undefined();
}

} // namespace voisin
