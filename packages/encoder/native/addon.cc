// What the addon gives to JavaScript: one class. The types of its arguments are checked in TypeScript (src/encoder.ts), their bounds here.
#include <napi.h>

#include <exception>
#include <memory>
#include <string>

#include "encoder.h"

namespace voisin {
namespace {

template <typename Array> Array arrayOf(const Napi::Object& of, const char* name) {
    return of.Get(name).As<Array>();
}

template <typename Number> std::vector<Number> copyOf(const Napi::TypedArrayOf<Number>& array) {
    return {array.Data(), array.Data() + array.ElementLength()};
}

Floats floatsOf(const Napi::Object& of, const char* name) {
    return copyOf(arrayOf<Napi::Float32Array>(of, name));
}

size_t numberOf(const Napi::Object& of, const char* name) {
    return static_cast<size_t>(of.Get(name).As<Napi::Number>().Int64Value());
}

Napi::Object objectOf(const Napi::Object& of, const char* name) {
    return of.Get(name).As<Napi::Object>();
}

Table tableOf(const Napi::Object& of, const char* name) {
    const auto from = objectOf(of, name);
    Table table;
    table.rows = numberOf(from, "rows");
    table.size = numberOf(from, "columns");
    const auto values = from.Get("values").As<Napi::TypedArray>();
    switch (values.TypedArrayType()) {
    case napi_int8_array:
        table.bytes = copyOf(values.As<Napi::Int8Array>());
        table.scales = widened(copyOf(arrayOf<Napi::Uint16Array>(from, "scales")));
        break;
    case napi_uint16_array:
        table.halves = copyOf(values.As<Napi::Uint16Array>());
        break;
    default:
        table.floats = copyOf(values.As<Napi::Float32Array>());
    }
    return table;
}

Linear linearOf(const Napi::Object& of, const char* name) {
    const auto from = objectOf(of, name);
    const auto weight = objectOf(from, "weight");
    const auto values = weight.Get("values").As<Napi::TypedArray>();
    if (values.TypedArrayType() == napi_int8_array) {
        const auto* bytes = values.As<Napi::Int8Array>().Data();
        return {bytes, numberOf(weight, "rows"), floatsOf(weight, "factors"), floatsOf(weight, "scales"), floatsOf(from, "bias")};
    }
    const auto stored = values.TypedArrayType() == napi_uint16_array ? Stored::float16 : Stored::float32;
    const auto* bytes = static_cast<const char*>(values.ArrayBuffer().Data()) + values.ByteOffset();
    return {bytes, stored, numberOf(weight, "rows"), floatsOf(from, "bias")};
}

Norm normOf(const Napi::Object& of, const char* name) {
    const auto from = objectOf(of, name);
    return {floatsOf(from, "scale"), floatsOf(from, "shift"), from.Get("epsilon").As<Napi::Number>().FloatValue()};
}

Layer layerOf(const Napi::Object& of) {
    return {linearOf(of, "queryKeyValue"), linearOf(of, "attentionOutput"), normOf(of, "attentionNorm"),
            linearOf(of, "intermediate"),  linearOf(of, "output"),          normOf(of, "outputNorm")};
}

Weights weightsOf(const Napi::Object& from) {
    Weights weights{numberOf(from, "heads"), tableOf(from, "words"), tableOf(from, "positions"), tableOf(from, "types"), normOf(from, "norm"), {}};
    const auto layers = arrayOf<Napi::Array>(from, "layers");
    for (uint32_t i = 0; i < layers.Length(); i++) weights.layers.push_back(layerOf(layers.Get(i).As<Napi::Object>()));
    return weights;
}

/// What goes wrong in C++ (no memory, no thread to be had) as an error of JavaScript's.
template <typename Work> auto guarded(Napi::Env env, const Work& work) {
    try {
        return work();
    } catch (const Napi::Error&) {
        throw;
    } catch (const std::exception& error) {
        throw Napi::Error::New(env, error.what());
    }
}

class NativeEncoder : public Napi::ObjectWrap<NativeEncoder> {
  public:
    static Napi::Function define(Napi::Env env) {
        return DefineClass(env, "NativeEncoder", {InstanceMethod("run", &NativeEncoder::run)});
    }

    explicit NativeEncoder(const Napi::CallbackInfo& info) : Napi::ObjectWrap<NativeEncoder>(info) {
        guarded(info.Env(), [&] {
            encoder_ = std::make_unique<Encoder>(weightsOf(info[0].As<Napi::Object>()), info[1].As<Napi::Number>().Uint32Value());
        });
    }

  private:
    Napi::Value run(const Napi::CallbackInfo& info) {
        // Copies: what is checked cannot change, and an array cannot say of itself what it is not.
        const auto ids = copyOf(info[0].As<Napi::Int32Array>());
        const auto lengths = copyOf(info[1].As<Napi::Int32Array>());
        demandBounds(info.Env(), ids, lengths);
        auto out = info[2].As<Napi::Float32Array>();
        if (out.ElementLength() < ids.size() * encoder_->hiddenSize()) throw Napi::RangeError::New(info.Env(), "there is no room for the vectors");
        guarded(info.Env(), [&] { encoder_->run(ids.data(), {lengths.begin(), lengths.end()}, out.Data()); });
        return info.Env().Undefined();
    }

    void demandBounds(Napi::Env env, const std::vector<int32_t>& ids, const std::vector<int32_t>& lengths) const {
        const auto refuse = [&](const std::string& message) { throw Napi::RangeError::New(env, message); };
        const size_t longest = encoder_->longest();
        const size_t vocabulary = encoder_->vocabulary();
        size_t sum = 0;
        for (const int32_t length : lengths) {
            if (length < 1 || static_cast<size_t>(length) > longest) {
                refuse("a text has " + std::to_string(length) + " ids; 1 to " + std::to_string(longest) + " are accepted");
            }
            sum += static_cast<size_t>(length);
        }
        if (sum != ids.size()) refuse("lengths add up to " + std::to_string(sum) + ", but there are " + std::to_string(ids.size()) + " ids");
        for (const int32_t id : ids) {
            if (id < 0 || static_cast<size_t>(id) >= vocabulary) {
                refuse("the id " + std::to_string(id) + " is none of 0 to " + std::to_string(vocabulary - 1));
            }
        }
    }

    std::unique_ptr<Encoder> encoder_;
};

Napi::Object start(Napi::Env env, Napi::Object exports) {
    exports.Set("NativeEncoder", NativeEncoder::define(env));
    exports.Set("isFast", Napi::Boolean::New(env, &kernels() != &generic));
    exports.Set("multipliesBytes", Napi::Boolean::New(env, byteKernels() != nullptr));
    return exports;
}

} // namespace
} // namespace voisin

static Napi::Object start(Napi::Env env, Napi::Object exports) {
    return voisin::start(env, exports);
}

NODE_API_MODULE(voisin_encoder, start)
