// Typed arrays from JavaScript, readable on another thread.
#pragma once

#include <napi.h>

#include <cstring>
#include <memory>
#include <vector>

namespace voisin {

/// The elements of a typed array for as long as this lives. Small arrays are copied, which is quicker than holding a reference and takes
/// a snapshot; large ones are referenced. Made and destroyed on the JavaScript thread, read anywhere. The JavaScript side copies
/// arrays over shared or resizable memory before they come here (src/checks.ts).
template <class T>
class Input {
  public:
    Input() = default;

    explicit Input(const Napi::Value& value) {
        if (!value.IsTypedArray()) {
            return;
        }
        const auto array = value.As<Napi::TypedArray>();
        // An empty or detached array has no memory.
        if (array.ByteLength() == 0) {
            return;
        }
        const auto* data = reinterpret_cast<const T*>(static_cast<const char*>(array.ArrayBuffer().Data()) + array.ByteOffset());
        size_ = array.ByteLength() / sizeof(T);
        if (array.ByteLength() <= copiedBytes) {
            copy_.assign(data, data + size_);
            data_ = copy_.data();
            return;
        }
        data_ = data;
        reference_ = std::make_shared<Napi::ObjectReference>(Napi::Persistent(array.As<Napi::Object>()));
    }

    Input(Input&&) = default;
    Input& operator=(Input&&) = default;
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    const T* data() const {
        return data_;
    }
    size_t size() const {
        return size_;
    }

  private:
    static constexpr size_t copiedBytes = 256 * 1024;
    std::vector<T> copy_;
    const T* data_ = nullptr;
    size_t size_ = 0;
    std::shared_ptr<Napi::ObjectReference> reference_;
};

} // namespace voisin
