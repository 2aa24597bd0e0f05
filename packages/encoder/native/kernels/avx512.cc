// Kernels for AVX-512.
#if defined(__x86_64__)
#include "avx512.inl"

namespace voisin {
namespace {
inline __m512 loadHalves(const uint16_t* from) {
    return _mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
} // namespace
} // namespace voisin

#include "forward.inl"

namespace voisin {
const Kernels avx512{panelWidth, multiply, attend, scratchOf, normalize, addBytes, addHalves, addFloats};
}
#endif
