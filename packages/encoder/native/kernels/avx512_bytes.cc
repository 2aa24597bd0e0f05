// int8 matrices for AVX-512 with VNNI, whose one instruction adds the products of four bytes each.
#if defined(__x86_64__)
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

template <size_t rows> void tile(const ByteRows& in, size_t inner, const int8_t* panel, const ByteColumns& columns, const Output& out) {
    Ints sums[rows][columnVectors] = {};
    for (size_t k = 0; k < inner; k += 4) {
        __m512i column[columnVectors];
#pragma GCC unroll 4
        for (size_t c = 0; c < columnVectors; c++) {
            const int8_t* at = panel + k * panelWidth + c * 64;
            // Of the next panel, as in forward.inl.
            __builtin_prefetch(at + inner * panelWidth, 0, 2);
            column[c] = _mm512_loadu_si512(at);
        }
#pragma GCC unroll 16
        for (size_t r = 0; r < rows; r++) {
            int32_t four;
            __builtin_memcpy(&four, in.values + r * inner + k, sizeof four);
            const __m512i a = _mm512_set1_epi32(four);
#pragma GCC unroll 4
            for (size_t c = 0; c < columnVectors; c++) sums[r][c] = (Ints)_mm512_dpbusd_epi32((__m512i)sums[r][c], a, column[c]);
        }
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (size_t c = 0; c < columnVectors; c++) {
            Ints excess;
            __builtin_memcpy(&excess, columns.excess + c * wide, sizeof excess);
            const Floats sum = __builtin_convertvector(sums[r][c] - excess, Floats);
            const Floats value = sum * (load(columns.scales + c * wide) * in.scales[r]) + load(columns.bias + c * wide);
            store(out.values + r * out.stride + c * wide, out.then == Then::gelu ? gelu(value) : value);
        }
    }
}

void multiply(const ByteRows& in, size_t rows, const Panels& panels, size_t panel, const ByteColumns& columns, const Output& out) {
    const size_t inner = panels.inner;
    const auto* values = static_cast<const int8_t*>(panels.values) + panel * inner * panelWidth;
    inTiles<mostRows>(rows, [&](auto height, size_t first) {
        const ByteRows some{in.values + first * inner, in.scales + first};
        tile<decltype(height)::count>(some, inner, values, columns, {out.values + first * out.stride, out.stride, out.then});
    });
}

} // namespace

const ByteKernels avx512Bytes{panelWidth, quantize, multiply};

} // namespace voisin
#endif
