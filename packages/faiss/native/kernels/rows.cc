// Distances from one query to chosen rows of a matrix, and normalisation.
#include "kernels/rows.h"

#include <cmath>

#include "kernels/loops.h"

namespace voisin {
namespace {

VOISIN_INLINE void prefetchRow(const float* row, size_t d) {
    const char* at = reinterpret_cast<const char*>(row);
    // The first lines only: the hardware's own prefetcher follows once a row is being read.
    const size_t bytes = d * sizeof(float) < 512 ? d * sizeof(float) : 512;
    for (size_t i = 0; i < bytes; i += 64) {
        __builtin_prefetch(at + i);
    }
}

template <class Kind>
VOISIN_INLINE void toRows(const float* x, const float* base, size_t d, const int32_t* rows, size_t n, float* out) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const float* four[4];
        for (size_t j = 0; j < 4; j++) {
            four[j] = base + static_cast<size_t>(rows[i + j]) * d;
            if (i + 4 + j < n) {
                prefetchRow(base + static_cast<size_t>(rows[i + 4 + j]) * d, d);
            }
        }
        distanceOfFour<Kind>(x, four, d, out + i);
    }
    for (; i < n; i++) {
        out[i] = distance<Kind>(x, base + static_cast<size_t>(rows[i]) * d, d);
    }
}

VOISIN_CLONES void l2ToRows(const float* x, const float* base, size_t d, const int32_t* rows, size_t n, float* out) {
    toRows<SquaredL2>(x, base, d, rows, n, out);
}

VOISIN_CLONES void ipToRows(const float* x, const float* base, size_t d, const int32_t* rows, size_t n, float* out) {
    toRows<InnerProduct>(x, base, d, rows, n, out);
}

} // namespace

void distancesToRows(Metric metric, const float* x, const float* base, size_t d, const int32_t* rows, size_t n, float* out) {
    (metric == Metric::l2 ? l2ToRows : ipToRows)(x, base, d, rows, n, out);
}

VOISIN_CLONES void normalizeRows(const float* in, size_t n, size_t d, float* out) {
    for (size_t i = 0; i < n; i++) {
        const float* row = in + i * d;
        // In double: the square of a large or tiny float does not leave a double's range.
        double sum = 0;
        for (size_t j = 0; j < d; j++) {
            sum += static_cast<double>(row[j]) * row[j];
        }
        const float scale = sum > 0 ? static_cast<float>(1.0 / std::sqrt(sum)) : 0.0f;
        for (size_t j = 0; j < d; j++) {
            out[i * d + j] = row[j] * scale;
        }
    }
}

} // namespace voisin
