// The calls that belong to no index.
#pragma once

#include <napi.h>

namespace voisin {

Napi::Value create(const Napi::CallbackInfo& info);
Napi::Value deserialize(const Napi::CallbackInfo& info);
Napi::Value read(const Napi::CallbackInfo& info);
Napi::Value knn(const Napi::CallbackInfo& info);
Napi::Value trimHeap(const Napi::CallbackInfo& info);
Napi::Value normalize(const Napi::CallbackInfo& info);

} // namespace voisin
