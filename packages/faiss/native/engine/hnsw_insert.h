// Adding to an HNSW graph.
#pragma once

#include <faiss/IndexHNSW.h>

namespace voisin {

/// Adds vectors as IndexHNSW::add does, on as many OpenMP threads as the caller has been given: the same levels, order and choice of
/// neighbours for vectors that lie apart. What differs is for those that do not (hnsw_links.h and hnsw_insert.cc say how): in FAISS's graph
/// equal and near-equal vectors link only to one another, and hide the rest. The graph is one of squared distances for either metric.
void addToGraph(faiss::IndexHNSW& index, size_t n, const float* x);

} // namespace voisin
