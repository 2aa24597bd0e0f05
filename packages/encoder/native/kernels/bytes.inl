// What kernels for int8 matrices have in common on processors with AVX-512: a row as int8 numbers, and sums of their products as numbers again.
#include "avx512.inl"

namespace voisin {
namespace {

void quantize(const float* row, const float* factors, size_t size, uint8_t* values, float* scale) {
    const auto magnitude = [&](size_t i) { return ofBits(bitsOf(load(row + i) * load(factors + i)) & 0x7fffffff); };
    // Two maxima by turns: one would wait for itself.
    Floats most[2]{};
    for (size_t i = 0; i < size; i += 2 * wide) {
        most[0] = larger(most[0], magnitude(i));
        most[1] = larger(most[1], magnitude(i + wide));
    }
    const float largest = largestOf(larger(most[0], most[1]));
    *scale = largest / 127;
    const float by = largest > 0 ? 127 / largest : 0;
    for (size_t i = 0; i < size; i += wide) {
        const Floats x = load(row + i) * load(factors + i) * by;
        const __m512i rounded = _mm512_add_epi32(_mm512_maskz_cvtps_epi32(0xffff, reinterpret_cast<__m512>(x)), _mm512_set1_epi32(128));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(values + i), _mm512_maskz_cvtepi32_epi8(0xffff, rounded));
    }
}

/// One row's numbers of a panel.
inline void finish(const Ints (&sums)[columnVectors], float scale, const ByteColumns& columns, Then then, float* out) {
#pragma GCC unroll 4
    for (size_t c = 0; c < columnVectors; c++) {
        Ints excess;
        __builtin_memcpy(&excess, columns.excess + c * wide, sizeof excess);
        const Floats sum = __builtin_convertvector(sums[c] - excess, Floats);
        const Floats value = sum * (load(columns.scales + c * wide) * scale) + load(columns.bias + c * wide);
        store(out + c * wide, then == Then::gelu ? gelu(value) : value);
    }
}

} // namespace
} // namespace voisin
