// The memory that an index holds.
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/VectorTransform.h>
#include <faiss/invlists/InvertedLists.h>

#include <vector>

#include "engine/classes.h"

namespace voisin {
namespace {

template <class T>
size_t bytesOf(const std::vector<T>& vector) {
    return vector.capacity() * sizeof(T);
}

size_t bytesOf(const faiss::HNSW& graph) {
    return bytesOf(graph.levels) + bytesOf(graph.offsets) + bytesOf(graph.neighbors);
}

size_t bytesOf(const faiss::ProductQuantizer& pq) {
    return bytesOf(pq.centroids) + bytesOf(pq.transposed_centroids) + bytesOf(pq.centroids_sq_lengths) + bytesOf(pq.sdc_table);
}

size_t bytesOf(const faiss::IndexIVF& ivf) {
    size_t bytes = memoryBytes(*ivf.quantizer);
    if (const auto* lists = dynamic_cast<const faiss::ArrayInvertedLists*>(ivf.invlists)) {
        bytes += lists->nlist * (sizeof(std::vector<uint8_t>) + sizeof(std::vector<int64_t>));
        for (size_t list = 0; list < lists->nlist; list++) {
            bytes += bytesOf(lists->ids[list]) + bytesOf(lists->codes[list]);
        }
    }
    if (const auto* ivfpq = dynamic_cast<const faiss::IndexIVFPQ*>(&ivf)) {
        bytes += bytesOf(ivfpq->pq) + ivfpq->precomputed_table.size() * sizeof(float);
    }
    return bytes;
}

size_t bytesOf(const faiss::IndexPreTransform& transformed) {
    size_t bytes = memoryBytes(*transformed.index);
    for (const auto* transform : transformed.chain) {
        if (const auto* linear = dynamic_cast<const faiss::LinearTransform*>(transform)) {
            bytes += bytesOf(linear->A) + bytesOf(linear->b);
        }
        if (const auto* pca = dynamic_cast<const faiss::PCAMatrix*>(transform)) {
            bytes += bytesOf(pca->mean) + bytesOf(pca->eigenvalues) + bytesOf(pca->PCAMat);
        }
    }
    return bytes;
}

size_t bytesOf(const faiss::IndexIDMap& mapped) {
    size_t bytes = memoryBytes(*mapped.index) + bytesOf(mapped.id_map);
    if (const auto* both = dynamic_cast<const faiss::IndexIDMap2*>(&mapped)) {
        // A hash node: the pair, the next pointer and the allocator's header; and a bucket.
        bytes += both->rev_map.size() * 40 + both->rev_map.bucket_count() * sizeof(void*);
    }
    return bytes;
}

} // namespace

size_t memoryBytes(const faiss::Index& index) {
    constexpr size_t objects = 1024;
    if (const auto* transformed = dynamic_cast<const faiss::IndexPreTransform*>(&index)) {
        return objects + bytesOf(*transformed);
    }
    if (const auto* mapped = dynamic_cast<const faiss::IndexIDMap*>(&index)) {
        return objects + bytesOf(*mapped);
    }
    if (const auto* hnsw = dynamic_cast<const faiss::IndexHNSW*>(&index)) {
        return objects + bytesOf(hnsw->hnsw) + memoryBytes(*hnsw->storage);
    }
    if (const auto* ivf = dynamic_cast<const faiss::IndexIVF*>(&index)) {
        return objects + bytesOf(*ivf);
    }
    if (const auto* codes = dynamic_cast<const faiss::IndexFlatCodes*>(&index)) {
        const auto* pq = dynamic_cast<const faiss::IndexPQ*>(codes);
        return objects + bytesOf(codes->codes) + (pq != nullptr ? bytesOf(pq->pq) : 0);
    }
    return objects;
}

} // namespace voisin
