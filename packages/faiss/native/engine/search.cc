// Nearest neighbours, whatever the class.
#include "engine/search.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/IndexScalarQuantizer.h>

#include <algorithm>
#include <vector>

#include "engine/classes.h"
#include "engine/hnsw_search.h"
#include "engine/lists_search.h"
#include "engine/scan.h"
#include "engine/top_k.h"
#include "engine/transform.h"
#include "run/cores.h"
#include "run/error.h"

namespace voisin {
namespace {

struct Query {
    const float* x;
    size_t count;
    size_t k;
    const SearchOptions& options;
    float* distances;
    int64_t* labels;
};

int threadsForQueries(size_t queries) {
    return static_cast<int>(std::clamp<size_t>(queries / 4, 1, 64));
}

void search(const faiss::Index& index, const Query& query);

void searchFlat(const faiss::IndexFlat& flat, const Query& query) {
    const FlatRows rows{metricOf(flat), flat.get_xb(), static_cast<size_t>(flat.d), static_cast<size_t>(flat.ntotal), query.x};
    const Cores cores(threadsForScan(rows.count, flat.code_size, query.options.members, query.count));
    scanNearest(rows, query.options.members, query.count, query.k, cores.count(), query.distances, query.labels);
}

void searchHnsw(const faiss::IndexHNSW& hnsw, const Query& query) {
    if (query.options.exact) {
        search(*hnsw.storage, query);
        return;
    }
    const int efSearch = query.options.efSearch > 0 ? query.options.efSearch : hnsw.hnsw.efSearch;
    const Cores cores(threadsForQueries(query.count));
    hnswNearest(
            hnsw, query.options.members, query.x, query.count, query.k, efSearch, cores.count(), query.distances, query.labels);
}

void searchScalar(const faiss::IndexScalarQuantizer& scalar, const Query& query) {
    const Cores cores(threadsForScan(scalar.ntotal, scalar.code_size, query.options.members, query.count));
    scanCodes(scalar, query.options.members, query.x, query.count, query.k, cores.count(), query.distances, query.labels);
}

void searchIvf(const faiss::IndexIVF& ivf, const Query& query) {
    const size_t nprobe = std::min<size_t>(query.options.nprobe > 0 ? query.options.nprobe : ivf.nprobe, ivf.nlist);
    const NearLists near = nearestLists(ivf, query.x, query.count, nprobe);
    const Cores cores(threadsForQueries(query.count * 4));
    if (canSearchLists(ivf)) {
        const Probes probes{query.x, query.count, nprobe, near.lists.data(), near.distances.data()};
        searchLists(ivf, query.options.members, probes, query.k, cores.count(), query.distances, query.labels);
        return;
    }
    BitmapSelector selector(query.options.members);
    faiss::SearchParametersIVF parameters;
    parameters.nprobe = nprobe;
    parameters.sel = query.options.members.everything() ? nullptr : &selector;
#pragma omp parallel for num_threads(cores.count()) schedule(static)
    for (size_t q = 0; q < query.count; q++) {
        ivf.search_preassigned(
                1, query.x + q * ivf.d, query.k, near.lists.data() + q * nprobe, near.distances.data() + q * nprobe,
                query.distances + q * query.k, query.labels + q * query.k, false, &parameters);
    }
}

void searchCodes(const faiss::Index& index, const Query& query) {
    BitmapSelector selector(query.options.members);
    faiss::SearchParameters parameters;
    parameters.sel = &selector;
    const Cores cores(threadsForQueries(query.count * 4));
    // One by one: a product quantizer multiplies matrices for several, whose rounding depends on how many there are.
#pragma omp parallel for num_threads(cores.count()) schedule(static)
    for (size_t q = 0; q < query.count; q++) {
        index.search(
                1, query.x + q * index.d, query.k, query.distances + q * query.k, query.labels + q * query.k,
                query.options.members.everything() ? nullptr : &parameters);
    }
}

void searchTransformed(const faiss::IndexPreTransform& transformed, const Query& query) {
    const std::vector<float> x = applyTransforms(transformed, query.x, query.count);
    Query inner = query;
    inner.x = x.data();
    search(*transformed.index, inner);
}

void searchMapped(const faiss::IndexIDMap& mapped, const Query& query) {
    search(*mapped.index, query);
    for (size_t i = 0; i < query.count * query.k; i++) {
        query.labels[i] = query.labels[i] < 0 ? -1 : mapped.id_map[query.labels[i]];
    }
}

void search(const faiss::Index& index, const Query& query) {
    if (const auto* flat = dynamic_cast<const faiss::IndexFlat*>(&index)) {
        searchFlat(*flat, query);
    } else if (const auto* hnsw = dynamic_cast<const faiss::IndexHNSW*>(&index)) {
        searchHnsw(*hnsw, query);
    } else if (const auto* ivf = dynamic_cast<const faiss::IndexIVF*>(&index)) {
        searchIvf(*ivf, query);
    } else if (const auto* scalar = dynamic_cast<const faiss::IndexScalarQuantizer*>(&index); scalar != nullptr && canScanCodes(*scalar)) {
        searchScalar(*scalar, query);
    } else if (const auto* transformed = dynamic_cast<const faiss::IndexPreTransform*>(&index)) {
        searchTransformed(*transformed, query);
    } else if (const auto* mapped = dynamic_cast<const faiss::IndexIDMap*>(&index)) {
        searchMapped(*mapped, query);
    } else {
        searchCodes(index, query);
    }
}

/// Whether `exact` compares with every vector as it is kept.
bool canCompareAll(const faiss::Index& index) {
    if (const auto* transformed = dynamic_cast<const faiss::IndexPreTransform*>(&index)) {
        return canCompareAll(*transformed->index);
    }
    return dynamic_cast<const faiss::IndexFlat*>(&index) != nullptr || dynamic_cast<const faiss::IndexHNSW*>(&index) != nullptr;
}

/// Spreads rows of `found` results over rows of k, filling up with -1.
void spread(const faiss::Index& index, size_t queries, size_t found, size_t k, float* distances, int64_t* labels) {
    const float fill = metricOf(index) == Metric::l2 ? TopK::farthest : -TopK::farthest;
    for (size_t q = queries; q-- > 0;) {
        std::copy_backward(distances + q * found, distances + (q + 1) * found, distances + q * k + found);
        std::copy_backward(labels + q * found, labels + (q + 1) * found, labels + q * k + found);
        std::fill(distances + q * k + found, distances + (q + 1) * k, fill);
        std::fill(labels + q * k + found, labels + (q + 1) * k, -1);
    }
}

} // namespace

NearLists nearestLists(const faiss::IndexIVF& ivf, const float* x, size_t queries, size_t each) {
    NearLists near{std::vector<int64_t>(queries * each), std::vector<float>(queries * each)};
    SearchOptions options;
    if (const auto* graph = dynamic_cast<const faiss::IndexHNSW*>(ivf.quantizer)) {
        options.efSearch = std::max<int>(graph->hnsw.efSearch, each);
    }
    search(*ivf.quantizer, {x, queries, each, options, near.distances.data(), near.lists.data()});
    return near;
}

void searchNearest(
        const faiss::Index& index, const float* x, size_t queries, size_t k, const SearchOptions& options, float* distances,
        int64_t* labels) {
    if (!options.members.everything() && !abilities(index).selector) {
        throw unsupported(className(index) + " cannot search with a selector");
    }
    // No more than there is: FAISS's heaps grow with k.
    const size_t found = std::min<size_t>(k, index.ntotal);
    if (found > 0) {
        if (options.exact && !canCompareAll(index)) {
            throw unsupported(className(index) + " cannot search exactly");
        }
        // In parts: some classes make tables for all queries at once.
        constexpr size_t part = 1024;
        for (size_t q = 0; q < queries; q += part) {
            const size_t count = std::min(part, queries - q);
            search(index, {x + q * index.d, count, found, options, distances + q * found, labels + q * found});
        }
    }
    if (found < k) {
        spread(index, queries, found, k, distances, labels);
    }
}

} // namespace voisin
