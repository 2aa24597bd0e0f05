// int8 matrices for AVX-512 with VNNI, whose one instruction adds the products of four bytes each.
#if defined(__x86_64__)
#include "bytes.inl"

namespace voisin {
namespace {

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
    for (size_t r = 0; r < rows; r++) finish(sums[r], in.scales[r], columns, out.then, out.values + r * out.stride);
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

const ByteKernels avx512Bytes{panelWidth, 1, quantize, multiply};

} // namespace voisin
#endif
