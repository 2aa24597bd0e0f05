// Kernels for any processor: vectors of 4 numbers, 4 rows x 8 columns in registers.
#include "kernels.h"

namespace voisin {
namespace {
constexpr size_t wide = 4;
constexpr size_t columnVectors = 2;
constexpr size_t mostRows = 4;
constexpr size_t queriesAtOnce = 4;
} // namespace
} // namespace voisin

#include "vectors.inl"

namespace voisin {
namespace {

/// The exponent's and mantissa's bits at the places of a float32 give a number 2^112 times too small.
inline Floats loadHalves(const uint16_t* from) {
    Ints bits;
    for (size_t i = 0; i < wide; i++) bits[i] = from[i];
    const Floats scaled = ofBits((bits & 0x7fff) << 13) * 0x1p112f;
    return ofBits(bitsOf(scaled) | (bits & 0x8000) << 16);
}
} // namespace
} // namespace voisin

#include "forward.inl"

namespace voisin {
const Kernels generic{panelWidth, multiply, attend, scratchOf, normalize, addBytes, addHalves, addFloats};
}
