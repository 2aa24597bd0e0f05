// Where added vectors go, and how much of them is kept.
#include "engine/add.h"

#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/invlists/InvertedLists.h>

#include <algorithm>
#include <vector>

#include "engine/hnsw_insert.h"
#include "engine/search.h"
#include "engine/transform.h"

namespace voisin {
namespace {

void measure(const float* x, const float* kept, size_t n, size_t d, float* errors) {
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t j = i * d; j < (i + 1) * d; j++) {
            const double difference = static_cast<double>(x[j]) - kept[j];
            sum += difference * difference;
        }
        errors[i] = static_cast<float>(sum);
    }
}

/// kept: null, or room for what the index keeps of each vector.
void add(faiss::Index& index, const float* x, size_t n, const int64_t* ids, float* kept);

void addToLists(faiss::IndexIVF& ivf, const float* x, size_t n, const int64_t* ids, float* kept) {
    const std::vector<int64_t> lists = nearestLists(ivf, x, n, 1).lists;
    std::vector<size_t> ends(kept == nullptr ? 0 : ivf.nlist);
    for (size_t list = 0; list < ends.size(); list++) {
        ends[list] = ivf.invlists->list_size(list);
    }
    ivf.add_core(n, x, ids, lists.data());
    const bool isPlain = dynamic_cast<const faiss::IndexIVFFlat*>(&ivf) != nullptr;
    for (size_t i = 0; kept != nullptr && i < n; i++) {
        if (lists[i] < 0) {
            std::fill_n(kept + i * ivf.d, ivf.d, 0.0f);
        } else if (isPlain) {
            ivf.quantizer->reconstruct(lists[i], kept + i * ivf.d);
        } else {
            // A list's vectors are appended in their order.
            ivf.reconstruct_from_offset(lists[i], ends[lists[i]]++, kept + i * ivf.d);
        }
    }
}

void add(faiss::Index& index, const float* x, size_t n, const int64_t* ids, float* kept) {
    const int64_t first = index.ntotal;
    if (auto* transformed = dynamic_cast<faiss::IndexPreTransform*>(&index)) {
        const std::vector<float> y = applyTransforms(*transformed, x, n);
        std::vector<float> keptBehind(kept == nullptr ? 0 : n * transformed->index->d);
        add(*transformed->index, y.data(), n, ids, kept == nullptr ? nullptr : keptBehind.data());
        transformed->ntotal = transformed->index->ntotal;
        if (kept != nullptr) {
            transformed->reverse_chain(n, keptBehind.data(), kept);
        }
        return;
    }
    if (auto* mapped = dynamic_cast<faiss::IndexIDMap*>(&index)) {
        add(*mapped->index, x, n, nullptr, kept);
        mapped->id_map.insert(mapped->id_map.end(), ids, ids + n);
        mapped->ntotal = mapped->index->ntotal;
        if (auto* both = dynamic_cast<faiss::IndexIDMap2*>(mapped)) {
            for (size_t i = 0; i < n; i++) {
                both->rev_map[ids[i]] = first + i;
            }
        }
        return;
    }
    if (auto* ivf = dynamic_cast<faiss::IndexIVF*>(&index)) {
        addToLists(*ivf, x, n, ids, kept);
        return;
    }
    auto* hnsw = dynamic_cast<faiss::IndexHNSW*>(&index);
    if (hnsw != nullptr) {
        addToGraph(*hnsw, n, x);
    } else {
        index.add(n, x);
    }
    if (kept != nullptr) {
        const faiss::Index& storage = hnsw == nullptr ? index : *hnsw->storage;
        for (size_t i = 0; i < n; i++) {
            storage.reconstruct(first + i, kept + i * index.d);
        }
    }
}

} // namespace

void addTo(faiss::Index& index, const float* x, size_t n, const int64_t* ids, float* errors) {
    // In pieces: lists and transforms make tables for all vectors at once.
    constexpr size_t piece = 32768;
    std::vector<float> kept;
    for (size_t start = 0; start < n; start += piece) {
        const size_t count = std::min(piece, n - start);
        const float* own = x + start * index.d;
        if (errors != nullptr) {
            kept.resize(count * index.d);
        }
        add(index, own, count, ids == nullptr ? nullptr : ids + start, errors == nullptr ? nullptr : kept.data());
        if (errors != nullptr) {
            measure(own, kept.data(), count, index.d, errors + start);
        }
    }
}

} // namespace voisin
