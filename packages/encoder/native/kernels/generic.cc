// Kernels for any processor: vectors of 4 numbers, 4 rows x 8 columns in registers.
#include "kernels.h"

namespace voisin {
namespace {
constexpr size_t wide = 4;
constexpr size_t columnVectors = 2;
constexpr size_t mostRows = 4;
constexpr size_t queriesAtOnce = 4;

typedef float FourFloats __attribute__((vector_size(16)));
typedef uint32_t FourBits __attribute__((vector_size(16)));

/// The exponent's and mantissa's bits at the places of a float32 give a number 2^112 times too small.
inline FourFloats loadHalves(const uint16_t* from) {
    FourBits bits;
    for (int i = 0; i < 4; i++) bits[i] = from[i];
    const FourBits magnitude = (bits & 0x7fff) << 13;
    const FourFloats scaled = reinterpret_cast<FourFloats>(magnitude) * 0x1p112f;
    return reinterpret_cast<FourFloats>(reinterpret_cast<FourBits>(scaled) | (bits & 0x8000) << 16);
}
} // namespace
} // namespace voisin

#include "forward.inl"

namespace voisin {
const Kernels generic{"any processor", panelWidth, multiply, attend, scratchOf, normalize, addBytes, addHalves, addFloats};
}
