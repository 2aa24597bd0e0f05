// Distances between queries and vectors, pair by pair.
#pragma once

#include <cstddef>
#include <cstdint>

namespace voisin {

/// One metric for one kind of processor. The terms of a pair are added in the same order in every function, so a pair has the same
/// distance, to the last bit, in a search of its own, in a batch and in a walk through a graph.
struct PairKernels {
    float (*one)(const float* x, const float* y, size_t d);
    /// out[i]: x with row rows[i] of base (d floats a row). Prefetches ahead.
    void (*toRows)(const float* x, const float* base, size_t d, const int32_t* rows, size_t n, float* out);
    /// out[q * n + i]: query q of x with row rows[i]. n is at most maxBatchRows.
    void (*batch)(const float* x, size_t queries, const float* base, size_t d, const int32_t* rows, size_t n, float* out);
};

constexpr size_t maxBatchRows = 256;

/// Squared L2 distance and inner product, for this processor.
extern const PairKernels& l2Kernels;
extern const PairKernels& ipKernels;

} // namespace voisin
