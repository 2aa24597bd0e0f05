// Search in an HNSW graph.
#include "engine/hnsw_search.h"

#include <faiss/IndexFlat.h>
#include <faiss/impl/DistanceComputer.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/candidates.h"
#include "engine/classes.h"
#include "engine/top_k.h"
#include "engine/visited.h"

namespace voisin {
namespace {


/// Keys (smaller is nearer) of plain float vectors, by our kernels.
class FlatKeys {
  public:
    FlatKeys(const faiss::IndexFlat& storage, Metric metric) : base_(storage.get_xb()), d_(storage.d), metric_(metric) {}

    void setQuery(const float* x) {
        x_ = x;
    }

    void prefetch(int32_t id) const {
        const char* row = reinterpret_cast<const char*>(base_ + static_cast<size_t>(id) * d_);
        for (size_t i = 0; i < 256; i += 64) {
            __builtin_prefetch(row + i);
        }
    }

    void operator()(const int32_t* ids, size_t n, float* keys) const {
        distancesToRows(metric_, x_, base_, d_, ids, n, keys);
        if (metric_ == Metric::ip) {
            for (size_t i = 0; i < n; i++) {
                keys[i] = -keys[i];
            }
        }
    }

  private:
    const float* base_;
    size_t d_;
    Metric metric_;
    const float* x_ = nullptr;
};

/// Keys of any other storage (scalar or product quantizer), by FAISS.
class CodeKeys {
  public:
    CodeKeys(const faiss::Index& storage, Metric metric) : computer_(storage.get_distance_computer()), metric_(metric) {}

    void setQuery(const float* x) {
        computer_->set_query(x);
    }

    void prefetch(int32_t) const {}

    void operator()(const int32_t* ids, size_t n, float* keys) const {
        for (size_t i = 0; i < n; i++) {
            keys[i] = TopK::key(metric_, (*computer_)(ids[i]));
        }
    }

  private:
    std::unique_ptr<faiss::DistanceComputer> computer_;
    Metric metric_;
};

template <class Keys>
class Walk {
  public:
    Walk(const faiss::HNSW& graph, Keys keys) : graph_(graph), keys_(std::move(keys)) {
        const int most = graph.cum_nneighbor_per_level.empty() ? 0 : graph.cum_nneighbor_per_level.back();
        ids_.resize(most + 1);
        near_.resize(most + 1);
    }

    void search(const float* x, const Bitmap& members, Visited& visited, Candidates& candidates, int efSearch, TopK& best) {
        keys_.setQuery(x);
        int32_t nearest = graph_.entry_point;
        float key;
        keys_(&nearest, 1, &key);
        for (int level = graph_.max_level; level >= 1; level--) {
            descend(level, nearest, key);
        }
        visited.next();
        visited.add(nearest);
        candidates.push(nearest, key);
        if (members.has(nearest)) {
            best.push(key, nearest);
        }
        while (candidates.any()) {
            const auto [id, distance] = candidates.popNearest();
            // efSearch candidates are nearer than the best one left: it can be no neighbour.
            if (candidates.countBelow(distance) >= static_cast<size_t>(efSearch)) {
                break;
            }
            const size_t n = collect(id, 0, &visited);
            keys_(ids_.data(), n, near_.data());
            for (size_t i = 0; i < n; i++) {
                if (best.wants(near_[i]) && members.has(ids_[i])) {
                    best.push(near_[i], ids_[i]);
                }
                candidates.push(ids_[i], near_[i]);
            }
        }
    }

  private:
    /// Goes to the nearest neighbour on one level until none is nearer.
    void descend(int level, int32_t& nearest, float& key) {
        for (;;) {
            const int32_t before = nearest;
            const size_t n = collect(nearest, level, nullptr);
            keys_(ids_.data(), n, near_.data());
            for (size_t i = 0; i < n; i++) {
                if (near_[i] < key) {
                    nearest = ids_[i];
                    key = near_[i];
                }
            }
            if (nearest == before) {
                return;
            }
        }
    }

    /// Puts the neighbours of a vertex (those not yet visited, which become so) in ids_.
    size_t collect(int32_t id, int level, Visited* visited) {
        const int32_t* links = graph_.neighbors.data() + graph_.offsets[id];
        const int32_t* at = links + graph_.cum_nneighbor_per_level[level];
        const int32_t* end = links + graph_.cum_nneighbor_per_level[level + 1];
        int32_t* out = ids_.data();
        for (; at < end && *at >= 0; at++) {
            if (visited == nullptr || visited->add(*at)) {
                keys_.prefetch(*at);
                *out++ = *at;
            }
        }
        return out - ids_.data();
    }

    const faiss::HNSW& graph_;
    Keys keys_;
    std::vector<int32_t> ids_;
    std::vector<float> near_;
};

template <class MakeKeys>
void walkAll(
        const faiss::IndexHNSW& index, MakeKeys makeKeys, const Bitmap& members, const float* x, size_t queries, size_t k, int efSearch,
        int threads, float* distances, int64_t* labels) {
    const Metric metric = metricOf(index);
    const size_t room = std::max<size_t>(efSearch, k);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < threads; part++) {
        const size_t first = queries * part / threads;
        const size_t last = queries * (part + 1) / threads;
        Walk walk(index.hnsw, makeKeys());
        Visited& visited = Visited::ofThisThread(index.ntotal);
        Candidates candidates(room);
        TopK best(k);
        for (size_t q = first; q < last; q++) {
            candidates.clear();
            if (index.hnsw.entry_point >= 0) {
                walk.search(x + q * index.d, members, visited, candidates, efSearch, best);
            }
            best.write(metric, distances + q * k, labels + q * k);
        }
    }
}

} // namespace

void hnswNearest(
        const faiss::IndexHNSW& index, const Bitmap& members, const float* x, size_t queries, size_t k, int efSearch, int threads,
        float* distances, int64_t* labels) {
    const Metric metric = metricOf(index);
    if (const auto* flat = dynamic_cast<const faiss::IndexFlat*>(index.storage)) {
        walkAll(index, [&] { return FlatKeys(*flat, metric); }, members, x, queries, k, efSearch, threads, distances, labels);
    } else {
        const auto& storage = *index.storage;
        walkAll(index, [&] { return CodeKeys(storage, metric); }, members, x, queries, k, efSearch, threads, distances, labels);
    }
}

} // namespace voisin
