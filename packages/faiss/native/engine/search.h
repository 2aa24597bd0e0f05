// Nearest neighbours, whatever the class.
#pragma once

#include <faiss/IndexIVF.h>

#include <vector>

#include "engine/bitmap.h"

namespace voisin {

struct SearchOptions {
    Bitmap members;
    /// 0: the index's own.
    int efSearch = 0;
    int nprobe = 0;
    bool exact = false;
};

/// Fills distances and labels (queries * k), nearest first, label -1 where there are fewer. Takes as many cores as the work is worth.
void searchNearest(
        const faiss::Index& index, const float* x, size_t queries, size_t k, const SearchOptions& options, float* distances,
        int64_t* labels);

struct NearLists {
    std::vector<int64_t> lists;
    std::vector<float> distances;
};

/// The `each` nearest lists of each query, with the distances to their centroids. FAISS's own choice for many queries at once is another.
NearLists nearestLists(const faiss::IndexIVF& ivf, const float* x, size_t queries, size_t each);

} // namespace voisin
