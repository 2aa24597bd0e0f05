// Search in an HNSW graph.
#pragma once

#include <faiss/IndexHNSW.h>

#include "engine/bitmap.h"

namespace voisin {

/// The nearest `k` members in a walk that is over when the max(efSearch, k) nearest members that it has seen have been gone to. In a graph of
/// FAISS's, with every vector a member, these are FAISS's steps and results. Ours exists because FAISS 1.7.3 (a) takes the smaller of the
/// index's efSearch and the call's as the capacity for candidates, so that a call can only raise it by writing to the index; (b) looks for the
/// next candidate by reading all of them; (c) computes one distance a virtual call, without prefetching; (d) gives the places among the
/// nearest to vectors that are not members as well, and to each of many copies.
void hnswNearest(
        const faiss::IndexHNSW& index, const Bitmap& members, const float* x, size_t queries, size_t k, int efSearch, int threads,
        float* distances, int64_t* labels);

} // namespace voisin
