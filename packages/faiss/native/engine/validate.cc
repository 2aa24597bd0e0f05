// A look at an index that was read, before anyone searches it.
#include "engine/validate.h"

#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/VectorTransform.h>
#include <faiss/invlists/InvertedLists.h>

#include <algorithm>

#include "engine/walker.h"

namespace voisin {
namespace {

constexpr int maxEf = 1000000;

/// The table of links a level: cumulative, so it ascends from 0.
void validateLevels(const faiss::HNSW& graph) {
    const auto& links = graph.cum_nneighbor_per_level;
    require(!graph.assign_probas.empty() && links.size() == graph.assign_probas.size() + 1, "the levels of the graph do not fit");
    require(links.front() == 0 && links.back() <= 1 << 20, "the links of the graph's levels are out of range");
    require(std::adjacent_find(links.begin(), links.end(), std::greater_equal<>()) == links.end(), "the links of the graph's levels do not ascend");
}

void validateLinks(const faiss::HNSW& graph, int64_t ntotal) {
    const auto& links = graph.cum_nneighbor_per_level;
    const int levels = static_cast<int>(links.size()) - 1;
    require(graph.offsets[0] == 0 && graph.offsets[ntotal] == graph.neighbors.size(), "the offsets of the graph do not fit");
    for (int64_t i = 0; i < ntotal; i++) {
        require(graph.levels[i] >= 1 && graph.levels[i] <= levels, "a level of the graph is out of range");
        const size_t size = links[graph.levels[i]];
        require(graph.offsets[i] <= graph.neighbors.size() && graph.offsets[i + 1] == graph.offsets[i] + size, "an offset of the graph does not fit");
    }
    for (int64_t i = 0; i < ntotal; i++) {
        const int32_t* own = graph.neighbors.data() + graph.offsets[i];
        for (int level = 0; level < graph.levels[i]; level++) {
            for (int at = links[level]; at < links[level + 1]; at++) {
                // A walk stays on its level, so a link must lead to a vertex that is there too.
                const int32_t to = own[at];
                require(to == -1 || (to >= 0 && to < ntotal && graph.levels[to] > level), "a link of the graph leads nowhere");
            }
        }
    }
}

void validateHnsw(faiss::IndexHNSW& index) {
    faiss::HNSW& graph = index.hnsw;
    validateLevels(graph);
    validateLinks(graph, index.ntotal);
    if (index.ntotal == 0) {
        require(graph.entry_point == -1, "an empty graph has an entry point");
        graph.max_level = -1;
    } else {
        require(graph.entry_point >= 0 && graph.entry_point < index.ntotal, "the entry point of the graph is out of range");
        require(graph.max_level >= 0 && graph.max_level < graph.levels[graph.entry_point], "the highest level of the graph is out of range");
    }
    graph.efSearch = std::clamp(graph.efSearch, 1, maxEf);
    graph.efConstruction = std::clamp(graph.efConstruction, 1, maxEf);
    graph.upper_beam = 1;
    validate(*index.storage);
}

void validateIvf(faiss::IndexIVF& ivf) {
    validate(*ivf.quantizer);
    ivf.nprobe = std::clamp<size_t>(ivf.nprobe, 1, ivf.nlist);
    ivf.direct_map.set_type(faiss::DirectMap::NoMap, ivf.invlists, ivf.ntotal);
    for (size_t list = 0; list < ivf.nlist; list++) {
        const faiss::InvertedLists::ScopedIds ids(ivf.invlists, list);
        for (size_t i = 0; i < ivf.invlists->list_size(list); i++) {
            require(ids[i] >= 0, "an id is negative");
        }
    }
}

} // namespace

void validate(faiss::Index& index) {
    index.verbose = false;
    if (auto* hnsw = dynamic_cast<faiss::IndexHNSW*>(&index)) {
        validateHnsw(*hnsw);
    } else if (auto* ivf = dynamic_cast<faiss::IndexIVF*>(&index)) {
        validateIvf(*ivf);
    } else if (auto* mapped = dynamic_cast<faiss::IndexIDMap*>(&index)) {
        require(std::all_of(mapped->id_map.begin(), mapped->id_map.end(), [](int64_t id) { return id >= 0; }), "an id is negative");
        validate(*mapped->index);
    } else if (auto* transformed = dynamic_cast<faiss::IndexPreTransform*>(&index)) {
        validate(*transformed->index);
    }
}

} // namespace voisin
