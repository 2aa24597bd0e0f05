// Kernels for AVX2: vectors of 8 numbers, 6 rows x 16 columns in registers.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels.h"

namespace voisin {
namespace {
constexpr size_t wide = 8;
constexpr size_t columnVectors = 2;
constexpr size_t mostRows = 6;
constexpr size_t queriesAtOnce = 4;
} // namespace
} // namespace voisin

#include "vectors.inl"

namespace voisin {
namespace {

inline __m256 loadHalves(const uint16_t* from) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
} // namespace
} // namespace voisin

#include "forward.inl"

namespace voisin {
const Kernels avx2{panelWidth, multiply, attend, scratchOf, normalize, addBytes, addHalves, addFloats};
}
#endif
