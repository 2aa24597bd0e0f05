// Search in an HNSW graph.
#pragma once

#include <faiss/IndexHNSW.h>

#include "engine/bitmap.h"

namespace voisin {

/// Takes the same steps as FAISS 1.7.3 with `index.hnsw.efSearch = efSearch`, so it finds the same neighbours. Ours exists because
/// FAISS (a) takes the smaller of the index's efSearch and the call's as the room for candidates, so that a call can only raise it
/// by writing to the index; (b) looks for the next candidate by reading all of them; (c) computes one distance a virtual call, without
/// prefetching. `members` restricts the results; the walk crosses everything.
void hnswNearest(
        const faiss::IndexHNSW& index, const Bitmap& members, const float* x, size_t queries, size_t k, int efSearch, int threads,
        float* distances, int64_t* labels);

} // namespace voisin
