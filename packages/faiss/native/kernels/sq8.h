// Distances to vectors of which each value is kept in 8 bits (FAISS's SQ8): value i is low[i] + (code[i] + 0.5) / 255 * span[i].
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/rows.h"

namespace voisin {

/// A query as the inner loop wants it, so that a code costs one conversion and one or two multiplications. Arrays of d floats.
/// l2: distance = sum (offset[i] - scale[i] * code[i])^2; ip: product = constant + sum scale[i] * code[i].
struct Sq8Query {
    const float* offset;
    const float* scale;
    float constant;
};

/// Fills offset and scale (d floats each) for a query and answers with the constant.
float prepareSq8(Metric metric, const float* x, const float* low, const float* span, size_t d, float* offset, float* scale);

/// out[i] = distance to row rows[i] of codes (d bytes a row).
void sq8ToRows(Metric metric, const Sq8Query& query, const uint8_t* codes, size_t d, const int32_t* rows, size_t n, float* out);

} // namespace voisin
