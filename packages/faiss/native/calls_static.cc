// The calls that belong to no index.
#include "calls_static.h"

#include <faiss/IndexFlat.h>
#include <faiss/utils/distances.h>

#include <algorithm>

#include "engine/bytes.h"
#include "engine/create.h"
#include "engine/scan.h"
#include "js/nearest.h"
#include "js/output.h"
#include "js/read.h"
#include "js/submit.h"
#include "native_index.h"
#include "run/cores.h"
#include "run/heap.h"

namespace voisin {
namespace {

/// Nothing to wait for: each call has a gate of its own.
template <class Work, class Convert>
Napi::Value submitAlone(Napi::Env env, Lane lane, Work work, Convert convert) {
    return submit(env, *std::make_shared<Gate>(), Access::read, lane, std::move(work), std::move(convert));
}

faiss::MetricType readMetric(const Napi::Value& value) {
    return value.As<Napi::String>().Utf8Value() == "l2" ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT;
}

} // namespace

/// create(dimension, factory, metric)
Napi::Value create(const Napi::CallbackInfo& info) {
    auto work = [dimension = readInt(info[0]), factory = info[1].As<Napi::String>().Utf8Value(), metric = readMetric(info[2])] {
        return std::make_shared<Held>(createIndex(dimension, factory, metric));
    };
    return submitAlone(info.Env(), Lane::quick, std::move(work), NativeIndex::wrap);
}

/// deserialize(bytes)
Napi::Value deserialize(const Napi::CallbackInfo& info) {
    auto work = [bytes = Input<uint8_t>(info[0])] { return std::make_shared<Held>(fromBytes(bytes.data(), bytes.size())); };
    return submitAlone(info.Env(), Lane::bulk, std::move(work), NativeIndex::wrap);
}

/// read(path)
Napi::Value read(const Napi::CallbackInfo& info) {
    auto work = [path = info[0].As<Napi::String>().Utf8Value()] { return std::make_shared<Held>(readFile(path)); };
    return submitAlone(info.Env(), Lane::bulk, std::move(work), NativeIndex::wrap);
}

/// knn(queries, vectors, dimension, k, metric)
Napi::Value knn(const Napi::CallbackInfo& info) {
    auto work = [queries = Input<float>(info[0]), vectors = Input<float>(info[1]), d = static_cast<size_t>(readInt(info[2])),
                 k = static_cast<size_t>(readInt64(info[3])), metric = readMetric(info[4])] {
        const size_t n = queries.size() / d;
        Nearest nearest(n * k);
        const FlatRows rows{metric == faiss::METRIC_L2 ? Metric::l2 : Metric::ip, vectors.data(), d, vectors.size() / d, queries.data()};
        const Cores cores(threadsForScan(rows.count, d * sizeof(float), {}, n));
        scanNearest(rows, {}, n, k, cores.count(), nearest.distances.data.get(), nearest.labels.data.get());
        return nearest;
    };
    return submitAlone(info.Env(), Lane::quick, std::move(work), toObject);
}

/// trimHeap()
Napi::Value trimHeap(const Napi::CallbackInfo& info) {
    auto work = [] {
        giveBackFreeBlocks();
        return true;
    };
    return submitAlone(info.Env(), Lane::bulk, std::move(work), [](Napi::Env env, bool) { return env.Undefined(); });
}

/// normalize(vectors, dimension), at once
Napi::Value normalize(const Napi::CallbackInfo& info) {
    const Input<float> vectors(info[0]);
    const size_t d = readInt(info[1]);
    Array<float> normalized(vectors.size());
    normalizeRows(vectors.data(), vectors.size() / d, d, normalized.data.get());
    return toTypedArray(info.Env(), normalized);
}

} // namespace voisin
