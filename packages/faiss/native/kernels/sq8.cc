// Distances to vectors of which each value is kept in 8 bits.
#include "kernels/sq8.h"

#include "kernels/clones.h"

namespace voisin {
namespace {

VOISIN_CLONES void l2ToCodes(
        const float* offset, const float* scale, const uint8_t* codes, size_t d, const int32_t* rows, size_t n, float* out) {
    for (size_t i = 0; i < n; i++) {
        const uint8_t* code = codes + static_cast<size_t>(rows[i]) * d;
        float sum = 0;
        for (size_t j = 0; j < d; j++) {
            const float difference = offset[j] - scale[j] * static_cast<float>(code[j]);
            sum += difference * difference;
        }
        out[i] = sum;
    }
}

VOISIN_CLONES void ipToCodes(
        float constant, const float* scale, const uint8_t* codes, size_t d, const int32_t* rows, size_t n, float* out) {
    for (size_t i = 0; i < n; i++) {
        const uint8_t* code = codes + static_cast<size_t>(rows[i]) * d;
        float sum = 0;
        for (size_t j = 0; j < d; j++) {
            sum += scale[j] * static_cast<float>(code[j]);
        }
        out[i] = constant + sum;
    }
}

} // namespace

float prepareSq8(Metric metric, const float* x, const float* low, const float* span, size_t d, float* offset, float* scale) {
    float constant = 0;
    for (size_t i = 0; i < d; i++) {
        const float zero = low[i] + 0.5f / 255 * span[i];
        const float step = span[i] / 255;
        offset[i] = x[i] - zero;
        scale[i] = metric == Metric::l2 ? step : x[i] * step;
        constant += x[i] * zero;
    }
    return constant;
}

void sq8ToRows(Metric metric, const Sq8Query& query, const uint8_t* codes, size_t d, const int32_t* rows, size_t n, float* out) {
    if (metric == Metric::l2) {
        l2ToCodes(query.offset, query.scale, codes, d, rows, n, out);
    } else {
        ipToCodes(query.constant, query.scale, codes, d, rows, n, out);
    }
}

} // namespace voisin
