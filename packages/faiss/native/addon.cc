// What the addon gives to JavaScript.
#include <napi.h>

#include "calls_static.h"
#include "js/completions.h"
#include "native_index.h"
#include "run/background.h"
#include "run/cores.h"
#include "run/heap.h"
#include "run/pool.h"
#include "run/socket.h"

namespace voisin {
namespace {

Napi::Value setThreads(const Napi::CallbackInfo& info) {
    return Napi::Boolean::New(info.Env(), Pool::shared().setThreads(info[0].As<Napi::Number>().Int32Value()));
}

Napi::Value threads(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), Pool::shared().threads());
}

Napi::Value giveWay(const Napi::CallbackInfo& info) {
    voisin::giveWay(info[0].As<Napi::Number>().Int32Value());
    return info.Env().Undefined();
}

Napi::Value acknowledgedBytes(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(voisin::acknowledgedBytes(info[0].As<Napi::Number>().Int32Value())));
}

Napi::Value onKept(const Napi::CallbackInfo& info) {
    Completions::of(info.Env())->onKept(info[0].As<Napi::Function>());
    return info.Env().Undefined();
}

Napi::Value runKept(const Napi::CallbackInfo& info) {
    Completions::of(info.Env())->runKept(info.Env());
    return info.Env().Undefined();
}

Napi::Object start(Napi::Env env, Napi::Object exports) {
    boundOpenBlas();
    giveBackLargeBlocks();
    Completions::install(env);
    Completions::indexClass(env) = Napi::Persistent(NativeIndex::define(env));
    exports.Set("create", Napi::Function::New(env, create));
    exports.Set("deserialize", Napi::Function::New(env, deserialize));
    exports.Set("read", Napi::Function::New(env, read));
    exports.Set("knn", Napi::Function::New(env, knn));
    exports.Set("normalize", Napi::Function::New(env, normalize));
    exports.Set("setThreads", Napi::Function::New(env, setThreads));
    exports.Set("threads", Napi::Function::New(env, threads));
    exports.Set("trimHeap", Napi::Function::New(env, trimHeap));
    exports.Set("acknowledgedBytes", Napi::Function::New(env, acknowledgedBytes));
    exports.Set("onKept", Napi::Function::New(env, onKept));
    exports.Set("runKept", Napi::Function::New(env, runKept));
    exports.Set("giveWay", Napi::Function::New(env, giveWay));
    return exports;
}

} // namespace
} // namespace voisin

static Napi::Object start(Napi::Env env, Napi::Object exports) {
    return voisin::start(env, exports);
}

NODE_API_MODULE(voisin_faiss, start)
