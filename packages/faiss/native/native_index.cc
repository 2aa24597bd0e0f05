// The class that JavaScript sees: its shape, and what it answers at once.
#include "native_index.h"

#include "js/completions.h"

namespace voisin {

Napi::Function NativeIndex::define(Napi::Env env) {
    return DefineClass(
            env, "NativeIndex",
            {
                    InstanceMethod<&NativeIndex::describe>("describe"),
                    InstanceMethod<&NativeIndex::counts>("counts"),
                    InstanceMethod<&NativeIndex::add>("add"),
                    InstanceMethod<&NativeIndex::train>("train"),
                    InstanceMethod<&NativeIndex::removeIds>("removeIds"),
                    InstanceMethod<&NativeIndex::reset>("reset"),
                    InstanceMethod<&NativeIndex::setParameter>("setParameter"),
                    InstanceMethod<&NativeIndex::search>("search"),
                    InstanceMethod<&NativeIndex::rangeSearch>("rangeSearch"),
                    InstanceMethod<&NativeIndex::reconstruct>("reconstruct"),
                    InstanceMethod<&NativeIndex::serialize>("serialize"),
                    InstanceMethod<&NativeIndex::write>("write"),
                    InstanceMethod<&NativeIndex::copy>("copy"),
                    InstanceMethod<&NativeIndex::release>("release"),
            });
}

NativeIndex::NativeIndex(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeIndex>(info) {
    if (info.Length() != 1 || !info[0].IsExternal()) {
        throw Napi::TypeError::New(info.Env(), "an index is made by fromFactory, deserialize, read or clone");
    }
    held_ = *info[0].As<Napi::External<std::shared_ptr<Held>>>().Data();
}

Napi::Value NativeIndex::wrap(Napi::Env env, std::shared_ptr<Held>& held) {
    return Completions::indexClass(env).New({Napi::External<std::shared_ptr<Held>>::New(env, &held)});
}

/// Nobody can call it any more. Giving back the memory of a large index takes a while: not on the JavaScript thread.
void NativeIndex::Finalize(Napi::Env) {
    if (held_) {
        Pool::shared().post([held = std::move(held_)]() mutable { held.reset(); }, Lane::bulk);
    }
}

Napi::Value NativeIndex::describe(const Napi::CallbackInfo& info) {
    // These never change, so they are read outside the gate.
    const faiss::Index& index = *held_->index;
    const Abilities can = abilities(index);
    auto object = Napi::Object::New(info.Env());
    object.Set("dimension", index.d);
    object.Set("metric", index.metric_type == faiss::METRIC_L2 ? "l2" : "ip");
    object.Set("className", className(index));
    object.Set("hasFlatStorage", flatStorage(index) != nullptr);
    object.Set("isConnected", held_->isLinkedHere);
    object.Set("selector", can.selector);
    object.Set("rangeSearch", can.rangeSearch);
    object.Set("remove", can.remove);
    return object;
}

Napi::Value NativeIndex::counts(const Napi::CallbackInfo& info) {
    auto object = Napi::Object::New(info.Env());
    object.Set("ntotal", static_cast<double>(held_->ntotal));
    object.Set("isTrained", held_->isTrained.load());
    object.Set("memoryBytes", static_cast<double>(held_->memory));
    return object;
}

} // namespace voisin
