// Kernels for AVX-512: vectors of 16 numbers, 12 rows x 32 columns in registers.
#if defined(__x86_64__)
#include <immintrin.h>

#include "kernels.h"

namespace voisin {
namespace {
constexpr size_t wide = 16;
constexpr size_t columnVectors = 2;
constexpr size_t mostRows = 12;
constexpr size_t queriesAtOnce = 8;

inline __m512 loadHalves(const uint16_t* from) {
    return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
} // namespace
} // namespace voisin

#include "forward.inl"

namespace voisin {
const Kernels avx512{"AVX-512", panelWidth, multiply, attend, scratchOf, normalize, addBytes, addHalves, addFloats};
}
#endif
