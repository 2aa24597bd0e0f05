// Distances to product-quantized vectors with codes of 8 bits.
#include "kernels/pq8.h"

#include "kernels/clones.h"

namespace voisin {

VOISIN_CLONES void pq8ToRows(const float* table, const uint8_t* codes, size_t parts, const int32_t* rows, size_t n, float* out) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const uint8_t* a = codes + static_cast<size_t>(rows[i]) * parts;
        const uint8_t* b = codes + static_cast<size_t>(rows[i + 1]) * parts;
        const uint8_t* c = codes + static_cast<size_t>(rows[i + 2]) * parts;
        const uint8_t* d = codes + static_cast<size_t>(rows[i + 3]) * parts;
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        for (size_t m = 0; m < parts; m++) {
            const float* part = table + 256 * m;
            s0 += part[a[m]];
            s1 += part[b[m]];
            s2 += part[c[m]];
            s3 += part[d[m]];
        }
        out[i] = s0;
        out[i + 1] = s1;
        out[i + 2] = s2;
        out[i + 3] = s3;
    }
    for (; i < n; i++) {
        const uint8_t* code = codes + static_cast<size_t>(rows[i]) * parts;
        float sum = 0;
        for (size_t m = 0; m < parts; m++) {
            sum += table[256 * m + code[m]];
        }
        out[i] = sum;
    }
}

} // namespace voisin
