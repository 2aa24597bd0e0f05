// Where added vectors go, and how much of them is kept.
#pragma once

#include <faiss/Index.h>

namespace voisin {

/// Adds n vectors, in a trained index. ids: null for none. errors: null, or room for n squared distances between a vector and what the index
/// keeps of it: its decoded code, or, where lists keep plain vectors, the centroid of its list.
void addTo(faiss::Index& index, const float* x, size_t n, const int64_t* ids, float* errors);

} // namespace voisin
