// The result of a search.
#pragma once

#include "js/output.h"

namespace voisin {

struct Nearest {
    Array<float> distances;
    Array<int64_t> labels;
    explicit Nearest(size_t size) : distances(size), labels(size) {}
};

inline Napi::Value toObject(Napi::Env env, Nearest& nearest) {
    auto object = Napi::Object::New(env);
    object.Set("distances", toTypedArray(env, nearest.distances));
    object.Set("labels", toTypedArray(env, nearest.labels));
    return object;
}

} // namespace voisin
