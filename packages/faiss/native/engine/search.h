// Nearest neighbours, whatever the class.
#pragma once

#include <faiss/Index.h>

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

} // namespace voisin
