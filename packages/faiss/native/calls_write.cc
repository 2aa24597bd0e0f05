// The calls that change an index.
#include "engine/change.h"
#include "js/output.h"
#include "js/read.h"
#include "js/submit.h"
#include "native_index.h"
#include "run/error.h"

namespace voisin {
namespace {

/// What JavaScript can ask at any time is renewed even when a change failed half-way.
struct Publish {
    Held& held;
    ~Publish() {
        held.publish();
    }
};

} // namespace

/// add(vectors, ids | undefined, threads, measured): with `measured`, what addTo calls the errors.
Napi::Value NativeIndex::add(const Napi::CallbackInfo& info) {
    auto work = [held = held_, vectors = Input<float>(info[0]), hasIds = info[1].IsTypedArray(), ids = Input<int64_t>(info[1]),
                 threads = readInt(info[2]), measured = info[3].ToBoolean().Value()] {
        const Publish publish{*held};
        const size_t n = vectors.size() / held->index->d;
        if (hasIds && ids.size() != n) {
            throw rangeError("there are not as many ids as vectors");
        }
        Array<float> errors(measured ? n : 0);
        addVectors(*held->index, vectors.data(), n, hasIds ? ids.data() : nullptr, threads, measured ? errors.data.get() : nullptr);
        return errors;
    };
    return submit(info.Env(), *held_->gate, Access::write, Lane::bulk, std::move(work), toTypedArray<float>);
}

/// train(vectors, threads)
Napi::Value NativeIndex::train(const Napi::CallbackInfo& info) {
    auto work = [held = held_, vectors = Input<float>(info[0]), threads = readInt(info[1])] {
        const Publish publish{*held};
        trainIndex(*held->index, vectors.data(), vectors.size() / held->index->d, threads);
        return Nothing{};
    };
    return submit(info.Env(), *held_->gate, Access::write, Lane::bulk, std::move(work), toUndefined);
}

/// removeIds(ids)
Napi::Value NativeIndex::removeIds(const Napi::CallbackInfo& info) {
    auto work = [held = held_, ids = Input<int64_t>(info[0])] {
        const Publish publish{*held};
        return voisin::removeIds(*held->index, ids.data(), ids.size());
    };
    return submit(info.Env(), *held_->gate, Access::write, Lane::bulk, std::move(work), [](Napi::Env env, size_t& count) -> Napi::Value {
        return Napi::Number::New(env, static_cast<double>(count));
    });
}

Napi::Value NativeIndex::reset(const Napi::CallbackInfo& info) {
    auto work = [held = held_] {
        const Publish publish{*held};
        held->index->reset();
        return Nothing{};
    };
    return submit(info.Env(), *held_->gate, Access::write, Lane::bulk, std::move(work), toUndefined);
}

/// setParameter(name, value)
Napi::Value NativeIndex::setParameter(const Napi::CallbackInfo& info) {
    auto work = [held = held_, name = info[0].As<Napi::String>().Utf8Value(), value = readInt(info[1])] {
        voisin::setParameter(*held->index, name.c_str(), value);
        return Nothing{};
    };
    return submit(info.Env(), *held_->gate, Access::write, Lane::quick, std::move(work), toUndefined);
}

/// A write: it waits for the calls before it. Later ones are refused in src/.
Napi::Value NativeIndex::release(const Napi::CallbackInfo& info) {
    auto work = [held = held_] {
        held->index.reset();
        held->ntotal = 0;
        held->memory = 0;
        return Nothing{};
    };
    return submit(info.Env(), *held_->gate, Access::write, Lane::bulk, std::move(work), toUndefined);
}

} // namespace voisin
