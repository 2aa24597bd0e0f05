// Everything within a distance.
#pragma once

#include <faiss/Index.h>

#include <vector>

#include "engine/search.h"

namespace voisin {

/// Results of query i are [lims[i], lims[i + 1]).
struct RangeResult {
    std::vector<int64_t> lims;
    std::vector<float> distances;
    std::vector<int64_t> labels;
};

/// Squared distance under `radius`, or product over it (FAISS's meaning: the border is outside).
RangeResult searchRange(const faiss::Index& index, const float* x, size_t queries, float radius, const SearchOptions& options);

} // namespace voisin
