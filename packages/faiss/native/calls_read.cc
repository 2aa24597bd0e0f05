// The calls that only read an index.
#include "engine/bytes.h"
#include "engine/create.h"
#include "engine/range.h"
#include "engine/rows_of.h"
#include "engine/search.h"
#include "engine/search_cost.h"
#include "js/nearest.h"
#include "js/output.h"
#include "js/read.h"
#include "js/submit.h"
#include "native_index.h"

namespace voisin {
namespace {

template <class T>
Array<T> toArray(const std::vector<T>& vector) {
    Array<T> array(vector.size());
    std::copy(vector.begin(), vector.end(), array.data.get());
    return array;
}

/// Handing a call to the pool and back wakes two threads, which takes as long as to touch so many bytes: the calling thread is the sooner one.
constexpr size_t shortBytes = size_t(2) << 20;

bool isShort(const Held& held, size_t floats, size_t k, const SearchOptions& options) {
    if (!held.gate->tryRead()) {
        return false;
    }
    const size_t bytes = bytesTouched(*held.index, floats / held.index->d, k, options);
    held.gate->endRead();
    return bytes <= shortBytes;
}

} // namespace

/// search(queries, k, selector, efSearch, nprobe, exact, here: boolean | undefined)
Napi::Value NativeIndex::search(const Napi::CallbackInfo& info) {
    SearchArguments arguments(info, 2);
    Input<float> queries(info[0]);
    Place place = Place::pool;
    if (info[6].IsBoolean()) {
        place = info[6].ToBoolean().Value() ? Place::here : Place::pool;
    } else if (isShort(*held_, queries.size(), static_cast<size_t>(readInt64(info[1])), arguments.options())) {
        place = Place::kept;
    }
    auto work = [held = held_, queries = std::move(queries), k = static_cast<size_t>(readInt64(info[1])), arguments = std::move(arguments)] {
        const size_t n = queries.size() / held->index->d;
        Nearest nearest(n * k);
        searchNearest(*held->index, queries.data(), n, k, arguments.options(), nearest.distances.data.get(), nearest.labels.data.get());
        return nearest;
    };
    return submit(info.Env(), *held_->gate, Access::read, Lane::quick, std::move(work), toObject, place);
}

/// rangeSearch(queries, radius, selector, efSearch, nprobe, exact)
Napi::Value NativeIndex::rangeSearch(const Napi::CallbackInfo& info) {
    auto work = [held = held_, queries = Input<float>(info[0]), radius = info[1].As<Napi::Number>().FloatValue(),
                 arguments = SearchArguments(info, 2)] {
        return searchRange(*held->index, queries.data(), queries.size() / held->index->d, radius, arguments.options());
    };
    return submit(info.Env(), *held_->gate, Access::read, Lane::quick, std::move(work), [](Napi::Env env, RangeResult& result) -> Napi::Value {
        auto object = Napi::Object::New(env);
        auto lims = toArray(result.lims);
        auto distances = toArray(result.distances);
        auto labels = toArray(result.labels);
        object.Set("lims", toTypedArray(env, lims));
        object.Set("distances", toTypedArray(env, distances));
        object.Set("labels", toTypedArray(env, labels));
        return object;
    });
}

/// reconstruct(first: bigint, count)
Napi::Value NativeIndex::reconstruct(const Napi::CallbackInfo& info) {
    bool lossless = false;
    const int64_t first = info[0].As<Napi::BigInt>().Int64Value(&lossless);
    auto work = [held = held_, first, count = readInt64(info[1])] {
        requireRoomFor(*held->index, first, count);
        Array<float> rows(static_cast<size_t>(count) * held->index->d);
        voisin::reconstruct(*held->index, first, count, rows.data.get());
        return rows;
    };
    return submit(info.Env(), *held_->gate, Access::read, Lane::quick, std::move(work), toTypedArray<float>);
}

Napi::Value NativeIndex::serialize(const Napi::CallbackInfo& info) {
    auto work = [held = held_] { return toBytes(*held->index); };
    return submit(info.Env(), *held_->gate, Access::read, Lane::bulk, std::move(work), toTypedArray<uint8_t>);
}

/// write(path)
Napi::Value NativeIndex::write(const Napi::CallbackInfo& info) {
    auto work = [held = held_, path = info[0].As<Napi::String>().Utf8Value()] { return writeFile(*held->index, path); };
    return submit(info.Env(), *held_->gate, Access::read, Lane::bulk, std::move(work), [](Napi::Env env, size_t& bytes) -> Napi::Value {
        return Napi::Number::New(env, static_cast<double>(bytes));
    });
}

Napi::Value NativeIndex::copy(const Napi::CallbackInfo& info) {
    auto work = [held = held_] { return std::make_shared<Held>(copyIndex(*held->index)); };
    return submit(info.Env(), *held_->gate, Access::read, Lane::bulk, std::move(work), wrap);
}

} // namespace voisin
