// The class that JavaScript sees. Its arguments are checked in src/; here they are only read.
#pragma once

#include <napi.h>

#include "held.h"

namespace voisin {

class NativeIndex final : public Napi::ObjectWrap<NativeIndex> {
  public:
    static Napi::Function define(Napi::Env env);
    explicit NativeIndex(const Napi::CallbackInfo& info);
    void Finalize(Napi::Env env) override;

    /// A JavaScript object around an index.
    static Napi::Value wrap(Napi::Env env, std::shared_ptr<Held>& held);

  private:
    Napi::Value describe(const Napi::CallbackInfo& info);
    Napi::Value counts(const Napi::CallbackInfo& info);
    Napi::Value add(const Napi::CallbackInfo& info);
    Napi::Value train(const Napi::CallbackInfo& info);
    Napi::Value removeIds(const Napi::CallbackInfo& info);
    Napi::Value reset(const Napi::CallbackInfo& info);
    Napi::Value setParameter(const Napi::CallbackInfo& info);
    Napi::Value search(const Napi::CallbackInfo& info);
    Napi::Value rangeSearch(const Napi::CallbackInfo& info);
    Napi::Value reconstruct(const Napi::CallbackInfo& info);
    Napi::Value serialize(const Napi::CallbackInfo& info);
    Napi::Value write(const Napi::CallbackInfo& info);
    Napi::Value copy(const Napi::CallbackInfo& info);
    Napi::Value release(const Napi::CallbackInfo& info);

    std::shared_ptr<Held> held_;
};

} // namespace voisin
