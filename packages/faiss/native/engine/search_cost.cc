// What a search would cost.
#include "engine/search_cost.h"

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVFFlat.h>

#include <algorithm>
#include <limits>

#include "engine/classes.h"

namespace voisin {
namespace {

constexpr size_t unknown = std::numeric_limits<size_t>::max();

/// Of the two times M neighbours of a node about half were seen before. Nodes that are not members are walked through besides.
size_t graphRows(const faiss::IndexHNSW& graph, size_t k, const SearchOptions& options) {
    const size_t ef = std::max<size_t>(options.efSearch > 0 ? options.efSearch : graph.hnsw.efSearch, k);
    const size_t ntotal = graph.ntotal;
    const size_t members = options.members.among(ntotal);
    const double rows = static_cast<double>(ef) * graph.hnsw.nb_neighbors(0) / 2 * ntotal / std::max<size_t>(members, 1);
    return rows < static_cast<double>(ntotal) ? static_cast<size_t>(rows) : ntotal;
}

size_t listRows(const faiss::IndexIVF& ivf, const SearchOptions& options) {
    const size_t nprobe = std::min<size_t>(options.nprobe > 0 ? options.nprobe : ivf.nprobe, ivf.nlist);
    return ivf.nlist + ivf.ntotal * nprobe / ivf.nlist;
}

} // namespace

size_t bytesTouched(const faiss::Index& index, size_t queries, size_t k, const SearchOptions& options) {
    const size_t rowBytes = queries * index.d * sizeof(float);
    const bool isPlain = flatStorage(index) != nullptr;
    if (const auto* graph = dynamic_cast<const faiss::IndexHNSW*>(&index); graph != nullptr && isPlain && !options.exact) {
        return graphRows(*graph, k, options) * rowBytes;
    }
    if (isPlain) {
        return options.members.among(index.ntotal) * rowBytes;
    }
    if (const auto* lists = dynamic_cast<const faiss::IndexIVFFlat*>(&index)) {
        return listRows(*lists, options) * rowBytes;
    }
    if (const auto* mapped = dynamic_cast<const faiss::IndexIDMap*>(&index)) {
        return bytesTouched(*mapped->index, queries, k, options);
    }
    return unknown;
}

} // namespace voisin
