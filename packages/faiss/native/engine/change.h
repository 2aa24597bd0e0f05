// Adds, training and removal.
#pragma once

#include <faiss/Index.h>

namespace voisin {

/// ids: null for none. threads 0: as many as are free and the work is worth. errors: see addTo.
void addVectors(faiss::Index& index, const float* x, size_t n, const int64_t* ids, int threads, float* errors = nullptr);
void trainIndex(faiss::Index& index, const float* x, size_t n, int threads);
/// How many were there.
size_t removeIds(faiss::Index& index, const int64_t* ids, size_t n);
void setParameter(faiss::Index& index, const char* name, int value);

} // namespace voisin
