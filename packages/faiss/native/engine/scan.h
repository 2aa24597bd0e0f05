// Exact search over vectors that lie in memory as plain floats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/bitmap.h"
#include "kernels/rows.h"

namespace voisin {

struct FlatRows {
    Metric metric;
    const float* base;
    size_t d;
    size_t count;
};

/// How many threads a scan is worth, by the bytes that it reads.
int threadsForScan(const FlatRows& rows, const Bitmap& members, size_t queries);

/// The k nearest members for each query, in distances and labels (queries * k). Uses `threads` OpenMP threads.
void scanNearest(
        const FlatRows& rows, const Bitmap& members, const float* x, size_t queries, size_t k, int threads, float* distances, int64_t* labels);

struct Found {
    float distance;
    int64_t label;
};

/// The members nearer than radius (squared distance under it, or product over it) for each query, by ascending label.
std::vector<std::vector<Found>> scanRange(
        const FlatRows& rows, const Bitmap& members, const float* x, size_t queries, float radius, int threads);

} // namespace voisin
