// Results as typed arrays.
#pragma once

#include <napi.h>

#include <cstring>
#include <memory>
#include <vector>

namespace voisin {

/// Memory of a known size that is not cleared first.
template <class T>
struct Array {
    std::unique_ptr<T[]> data;
    size_t size = 0;

    Array() = default;
    explicit Array(size_t size) : data(new T[size > 0 ? size : 1]), size(size) {}
};

template <class T>
struct JavaScriptArray;
template <>
struct JavaScriptArray<float> {
    using type = Napi::Float32Array;
};
template <>
struct JavaScriptArray<int64_t> {
    using type = Napi::BigInt64Array;
};
template <>
struct JavaScriptArray<uint8_t> {
    using type = Napi::Uint8Array;
};

/// Small results are copied into memory of JavaScript's own; large ones are handed over.
template <class T>
Napi::Value toTypedArray(Napi::Env env, Array<T>& array) {
    using Type = typename JavaScriptArray<T>::type;
    constexpr size_t copiedBytes = 64 * 1024;
    const size_t bytes = array.size * sizeof(T);
    if (bytes <= copiedBytes) {
        auto buffer = Napi::ArrayBuffer::New(env, bytes);
        if (bytes > 0) {
            std::memcpy(buffer.Data(), array.data.get(), bytes);
        }
        return Type::New(env, array.size, buffer, 0);
    }
    T* memory = array.data.release();
    auto buffer = Napi::ArrayBuffer::New(env, memory, bytes, [](Napi::Env, void* data) { delete[] static_cast<T*>(data); });
    return Type::New(env, array.size, buffer, 0);
}

} // namespace voisin
