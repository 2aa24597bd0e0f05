// Search in an HNSW graph.
#include "engine/hnsw_search.h"

#include <faiss/IndexFlat.h>
#include <faiss/impl/DistanceComputer.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/candidates.h"
#include "engine/classes.h"
#include "engine/hnsw_links.h"
#include "engine/hnsw_places.h"
#include "engine/row_distances.h"
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

    /// Squared, from the query.
    float distance(int32_t id) const {
        float out;
        distancesToRows(Metric::l2, x_, base_, d_, &id, 1, &out);
        return out;
    }

    float between(int32_t a, int32_t b) const {
        float out;
        distancesToRows(Metric::l2, base_ + static_cast<size_t>(a) * d_, base_, d_, &b, 1, &out);
        return out;
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
    CodeKeys(const faiss::Index& storage, Metric metric)
            : computer_(storage.get_distance_computer()), squared_(squaredDistances(storage)), metric_(metric) {}

    void setQuery(const float* x) {
        x_ = x;
        computer_->set_query(x);
    }

    float distance(int32_t id) const {
        squared_->set_query(x_);
        return (*squared_)(id);
    }

    float between(int32_t a, int32_t b) const {
        return squared_->symmetric_dis(a, b);
    }

    void prefetch(int32_t) const {}

    void operator()(const int32_t* ids, size_t n, float* keys) const {
        for (size_t i = 0; i < n; i++) {
            keys[i] = TopK::key(metric_, (*computer_)(ids[i]));
        }
    }

  private:
    std::unique_ptr<faiss::DistanceComputer> computer_;
    std::unique_ptr<faiss::DistanceComputer> squared_;
    Metric metric_;
    const float* x_ = nullptr;
};

template <class Keys>
class Walk {
  public:
    Walk(const faiss::HNSW& graph, Keys keys) : graph_(graph), keys_(std::move(keys)) {
        const int most = graph.cum_nneighbor_per_level.empty() ? 0 : graph.cum_nneighbor_per_level.back();
        ids_.resize(most + 1);
        near_.resize(most + 1);
    }

    template <class Candidates>
    void search(const float* x, const Bitmap& members, Visited& visited, Candidates& candidates, TopK& best) {
        keys_.setQuery(x);
        Candidate nearest{0, graph_.entry_point};
        keys_(&nearest.id, 1, &nearest.key);
        for (int level = graph_.max_level; level >= 1; level--) {
            descend(level, nearest.id, nearest.key);
        }
        visited.next();
        visited.add(nearest.id);
        candidates.clear();
        see(nearest, members, candidates, best);
        const Near start{nearest.key, nearest.id};
        walk(members, visited, candidates, best);
        if (graph_.max_level > 0 && isCrowded(candidates)) {
            walkElsewhere(start, members, visited, candidates, best);
        }
    }

  private:
    template <class Candidates>
    void walk(const Bitmap& members, Visited& visited, Candidates& candidates, TopK& best) {
        Candidate nearest;
        while (candidates.pop(nearest)) {
            const size_t n = collect(nearest.id, 0, &visited);
            keys_(ids_.data(), n, near_.data());
            for (size_t i = 0; i < n; i++) {
                see({near_[i], ids_[i]}, members, candidates, best);
            }
            addCopies(nearest, members, visited, best);
        }
    }

    /// Walks on from the nearest of the level above, without what was seen so far, until the nearest are of many places.
    template <class Candidates>
    void walkElsewhere(const Near& start, const Bitmap& members, Visited& visited, Candidates& candidates, TopK& best) {
        const auto measure = [&](const int32_t* ids, size_t n, float* keys) { keys_(ids, n, keys); };
        const std::vector<Near> places = nearestOnLevel(graph_, 1, start, candidates.ef(), measure);
        for (int walks = 0; walks < maxWalksElsewhere; walks++) {
            candidates.clear();
            for (const Near& near : places) {
                if (visited.add(near.id)) {
                    see({near.distance, near.id}, members, candidates, best);
                }
            }
            walk(members, visited, candidates, best);
            if (!isCrowded(candidates)) {
                return;
            }
        }
    }

    template <class Candidates>
    bool isCrowded(const Candidates& candidates) {
        ids_.resize(std::max(ids_.size(), candidates.ef()));
        const size_t n = candidates.nearest(ids_.data());
        return n == candidates.ef() &&
                areFewPlaces(
                        ids_.data(), n, [&](int32_t id) { return keys_.distance(id); }, [&](int32_t a, int32_t b) { return keys_.between(a, b); });
    }

    template <class Candidates>
    static void see(const Candidate& candidate, const Bitmap& members, Candidates& candidates, TopK& best) {
        const bool isMember = members.has(candidate.id);
        if (isMember && best.wants(candidate.key)) {
            best.push(candidate.key, candidate.id);
        }
        candidates.push(candidate.id, candidate.key, isMember);
    }

    /// Copies of a vertex are as near as it is, and lead nowhere else: they cost no distances, and no places among the candidates.
    void addCopies(const Candidate& of, const Bitmap& members, Visited& visited, TopK& best) {
        copies_.clear();
        pushCopies(of.id, visited);
        while (!copies_.empty() && best.wantsMore(of.key)) {
            const int32_t copy = copies_.back();
            copies_.pop_back();
            if (members.has(copy)) {
                best.push(of.key, copy);
            }
            pushCopies(copy, visited);
        }
    }

    void pushCopies(int32_t id, Visited& visited) {
        const LinkList list(graph_, id, 0);
        for (size_t i = list.neighbours(id) + 1; i < list.capacity && list.begin[i] >= 0; i++) {
            if (visited.add(list.begin[i])) {
                copies_.push_back(list.begin[i]);
            }
        }
    }

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
        const LinkList list(graph_, id, level);
        const int32_t* end = list.begin + list.capacity;
        int32_t* out = ids_.data();
        for (const int32_t* at = list.begin; at < end && *at >= 0 && *at != id; at++) {
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
    std::vector<int32_t> copies_;
};

template <class Candidates, class MakeKeys>
void walkAll(
        const faiss::IndexHNSW& index, MakeKeys makeKeys, const Bitmap& members, const float* x, size_t queries, size_t k, size_t ef,
        int threads, float* distances, int64_t* labels) {
    const Metric metric = metricOf(index);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < threads; part++) {
        const size_t first = queries * part / threads;
        const size_t last = queries * (part + 1) / threads;
        Walk walk(index.hnsw, makeKeys());
        Visited& visited = Visited::ofThisThread(index.ntotal);
        Candidates candidates(ef);
        TopK best(k);
        for (size_t q = first; q < last; q++) {
            if (index.hnsw.entry_point >= 0) {
                walk.search(x + q * index.d, members, visited, candidates, best);
            }
            best.write(metric, distances + q * k, labels + q * k);
        }
    }
}

/// A sorted array of candidates is quicker than heaps up to some size, and keeps no others than members.
constexpr size_t narrowEf = 512;

template <class MakeKeys>
void walkAll(
        const faiss::IndexHNSW& index, MakeKeys makeKeys, const Bitmap& members, const float* x, size_t queries, size_t k, size_t ef,
        int threads, float* distances, int64_t* labels) {
    const auto walk = ef <= narrowEf && members.everything() ? walkAll<NarrowCandidates, MakeKeys> : walkAll<WideCandidates, MakeKeys>;
    walk(index, makeKeys, members, x, queries, k, ef, threads, distances, labels);
}

} // namespace

void hnswNearest(
        const faiss::IndexHNSW& index, const Bitmap& members, const float* x, size_t queries, size_t k, int efSearch, int threads,
        float* distances, int64_t* labels) {
    const Metric metric = metricOf(index);
    const size_t ef = std::max<size_t>(efSearch, k);
    if (const auto* flat = dynamic_cast<const faiss::IndexFlat*>(index.storage)) {
        walkAll(index, [&] { return FlatKeys(*flat, metric); }, members, x, queries, k, ef, threads, distances, labels);
    } else {
        const auto& storage = *index.storage;
        walkAll(index, [&] { return CodeKeys(storage, metric); }, members, x, queries, k, ef, threads, distances, labels);
    }
}

} // namespace voisin
