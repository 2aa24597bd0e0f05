// Distances to product-quantized vectors with codes of 8 bits.
#pragma once

#include <cstddef>
#include <cstdint>

namespace voisin {

/// out[i] = sum over m of table[256 * m + codes[rows[i] * parts + m]].
void pq8ToRows(const float* table, const uint8_t* codes, size_t parts, const int32_t* rows, size_t n, float* out);

} // namespace voisin
