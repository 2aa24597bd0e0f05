// Looks for infinities and NaN by their bits: compiled without -ffast-math, which would take them for impossible.
#include "kernels/finite.h"

#include <cstdint>
#include <cstring>

#include "kernels/clones.h"

namespace voisin {
namespace {

constexpr uint32_t exponent = 0x7f800000;

VOISIN_CLONES bool allFinite(const float* x, size_t n) {
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        std::memcpy(&bits, x + i, sizeof bits);
        bad |= (bits & exponent) == exponent;
    }
    return bad == 0;
}

} // namespace

size_t firstNotFinite(const float* x, size_t n) {
    constexpr size_t block = 4096;
    for (size_t start = 0; start < n; start += block) {
        const size_t size = n - start < block ? n - start : block;
        if (allFinite(x + start, size)) {
            continue;
        }
        for (size_t i = start; i < start + size; i++) {
            if (!allFinite(x + i, 1)) {
                return i;
            }
        }
    }
    return n;
}

} // namespace voisin
