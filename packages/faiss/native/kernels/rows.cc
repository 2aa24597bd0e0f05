// Distances from one query to chosen rows of a matrix, and normalisation.
#include "kernels/rows.h"

#include <cmath>

#include "kernels/clones.h"
#include "kernels/pairs.h"

namespace voisin {
namespace {

const PairKernels& kernelsOf(Metric metric) {
    return metric == Metric::l2 ? l2Kernels : ipKernels;
}

} // namespace

void distancesToRows(Metric metric, const float* x, const float* base, size_t d, const int32_t* rows, size_t n, float* out) {
    kernelsOf(metric).toRows(x, base, d, rows, n, out);
}

void distancesOfBatch(Metric metric, const float* x, size_t queries, const float* base, size_t d, const int32_t* rows, size_t n, float* out) {
    kernelsOf(metric).batch(x, queries, base, d, rows, n, out);
}

VOISIN_CLONES void normalizeRows(const float* in, size_t n, size_t d, float* out) {
    for (size_t i = 0; i < n; i++) {
        const float* row = in + i * d;
        // In double: the square of a large or tiny float does not leave a double's range.
        double sum = 0;
        for (size_t j = 0; j < d; j++) {
            sum += static_cast<double>(row[j]) * row[j];
        }
        const double scale = sum > 0 ? 1.0 / std::sqrt(sum) : 0.0;
        for (size_t j = 0; j < d; j++) {
            out[i * d + j] = static_cast<float>(row[j] * scale);
        }
    }
}

} // namespace voisin
