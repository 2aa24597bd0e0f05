// Vectors back from an index, by label.
#include "engine/rows_of.h"

#include <faiss/IndexFlatCodes.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/invlists/InvertedLists.h>

#include <algorithm>
#include <string>
#include <vector>

#include "engine/classes.h"
#include "run/error.h"

namespace voisin {
namespace {

Error missing(int64_t label) {
    return {"ERR_FAISS_NOT_FOUND", "label " + std::to_string(label) + " is not in the index"};
}

/// Labels are positions.
void fromPositions(const faiss::Index& index, int64_t first, int64_t count, float* out) {
    if (first < 0 || count > index.ntotal || first > index.ntotal - count) {
        throw missing(first < 0 || first >= index.ntotal ? first : index.ntotal);
    }
    index.reconstruct_n(first, count, out);
}

/// Labels are stored beside the codes. FAISS would want a map from labels to places, which it must then keep through every change;
/// reading the labels takes 0.1 ms for 100,000 of them.
void fromLists(const faiss::IndexIVF& ivf, int64_t first, int64_t count, float* out) {
    std::vector<bool> found(count);
    for (size_t list = 0; list < ivf.nlist; list++) {
        const faiss::InvertedLists::ScopedIds ids(ivf.invlists, list);
        const size_t size = ivf.invlists->list_size(list);
        for (size_t offset = 0; offset < size; offset++) {
            const uint64_t at = static_cast<uint64_t>(ids[offset]) - static_cast<uint64_t>(first);
            if (at < static_cast<uint64_t>(count)) {
                ivf.reconstruct_from_offset(list, offset, out + at * ivf.d);
                found[at] = true;
            }
        }
    }
    const auto gap = std::find(found.begin(), found.end(), false);
    if (gap != found.end()) {
        throw missing(first + (gap - found.begin()));
    }
}

void fromIdMap(const faiss::IndexIDMap& mapped, int64_t first, int64_t count, float* out) {
    for (int64_t i = 0; i < count; i++) {
        const auto at = std::find(mapped.id_map.begin(), mapped.id_map.end(), first + i);
        if (at == mapped.id_map.end()) {
            throw missing(first + i);
        }
        reconstruct(*mapped.index, at - mapped.id_map.begin(), 1, out + i * mapped.d);
    }
}

} // namespace

void requireRoomFor(const faiss::Index& index, int64_t first, int64_t count) {
    if (count > index.ntotal) {
        throw missing(static_cast<int64_t>(static_cast<uint64_t>(first) + index.ntotal));
    }
}

void reconstruct(const faiss::Index& index, int64_t first, int64_t count, float* out) {
    if (const auto* hnsw = dynamic_cast<const faiss::IndexHNSW*>(&index)) {
        fromPositions(*hnsw->storage, first, count, out);
    } else if (const auto* ivf = dynamic_cast<const faiss::IndexIVF*>(&index)) {
        fromLists(*ivf, first, count, out);
    } else if (const auto* transformed = dynamic_cast<const faiss::IndexPreTransform*>(&index)) {
        std::vector<float> inner(count * transformed->index->d);
        reconstruct(*transformed->index, first, count, inner.data());
        transformed->reverse_chain(count, inner.data(), out);
    } else if (const auto* mapped = dynamic_cast<const faiss::IndexIDMap*>(&index)) {
        fromIdMap(*mapped, first, count, out);
    } else {
        fromPositions(index, first, count, out);
    }
}

} // namespace voisin
