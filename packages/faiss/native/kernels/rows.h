// Distances from one query to chosen rows of a matrix.
#pragma once

#include <cstddef>
#include <cstdint>

namespace voisin {

enum class Metric { l2, ip };

/// out[i] = distance between x and row rows[i] of base (d floats a row). Squared L2 or inner product. Prefetches ahead.
void distancesToRows(Metric metric, const float* x, const float* base, size_t d, const int32_t* rows, size_t n, float* out);

/// out[q * n + i]: the same for query q of x and row rows[i], n at most maxBatchRows. The numbers are those of distancesToRows, to the last bit.
void distancesOfBatch(Metric metric, const float* x, size_t queries, const float* base, size_t d, const int32_t* rows, size_t n, float* out);

/// Scales each of n rows to unit length; rows of zeros stay zeros.
void normalizeRows(const float* in, size_t n, size_t d, float* out);

} // namespace voisin
