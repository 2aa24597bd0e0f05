// Search in inverted lists whose codes our kernels know.
#pragma once

#include <faiss/IndexIVF.h>

#include "engine/bitmap.h"

namespace voisin {

/// Whether the next function knows the index's codes: IVF over SQ8, and over PQ with 8 bits. FAISS's own scanners serve the others.
bool canSearchLists(const faiss::IndexIVF& ivf);

/// Queries, and the lists that each is to look into with the distance to the list's centroid (queries * each; -1 for none).
struct Probes {
    const float* x;
    size_t queries;
    size_t each;
    const int64_t* lists;
    const float* distances;
};

/// The k nearest among the members in each query's lists.
void searchLists(
        const faiss::IndexIVF& ivf, const Bitmap& members, const Probes& probes, size_t k, int threads, float* distances, int64_t* labels);

} // namespace voisin
