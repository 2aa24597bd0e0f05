// Exact search over vectors that lie one behind the other in memory.
#pragma once

#include <faiss/IndexScalarQuantizer.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/bitmap.h"
#include "kernels/rows.h"

namespace voisin {

/// Plain floats, and the queries that are compared with them.
struct FlatRows {
    Metric metric;
    const float* base;
    size_t d;
    size_t count;
    const float* x;

    void distances(size_t first, size_t queries, const int32_t* rows, size_t n, float* out) const {
        if (queries == 1) {
            distancesToRows(metric, x + first * d, base, d, rows, n, out);
        } else {
            distancesOfBatch(metric, x + first * d, queries, base, d, rows, n, out);
        }
    }
};

/// How many threads a scan is worth, by the bytes that it reads.
int threadsForScan(size_t rows, size_t bytesOfRow, const Bitmap& members, size_t queries);

/// The k nearest members for each query, in distances and labels (queries * k). Uses `threads` OpenMP threads.
void scanNearest(const FlatRows& rows, const Bitmap& members, size_t queries, size_t k, int threads, float* distances, int64_t* labels);

/// Whether the next function knows the index's codes.
bool canScanCodes(const faiss::IndexScalarQuantizer& index);
void scanCodes(
        const faiss::IndexScalarQuantizer& index, const Bitmap& members, const float* x, size_t queries, size_t k, int threads,
        float* distances, int64_t* labels);

struct Found {
    float distance;
    int64_t label;
};

/// The members nearer than radius (squared distance under it, or product over it) for each query, by ascending label.
std::vector<std::vector<Found>> scanRange(const FlatRows& rows, const Bitmap& members, size_t queries, float radius, int threads);

} // namespace voisin
