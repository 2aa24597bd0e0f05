// Vectors of numbers for any width, functions of one number, and how rows become tiles. Each file that includes this says first how wide its vectors
// are (`wide`) and how many lie side by side in a panel (`columnVectors`).
//
// Nothing of the standard library is called in kernels but what the compiler itself knows: of a template that several files instantiate the
// linker keeps one, and that must not be one for another processor.
#include "kernels.h"

namespace voisin {
namespace {

constexpr size_t panelWidth = wide * columnVectors;

typedef float Floats __attribute__((vector_size(4 * wide)));
typedef int32_t Ints __attribute__((vector_size(4 * wide)));

inline Floats load(const float* from) {
    Floats values;
    __builtin_memcpy(&values, from, sizeof values);
    return values;
}

inline void store(float* to, Floats values) {
    __builtin_memcpy(to, &values, sizeof values);
}

inline Floats all(float value) {
    return value - Floats{};
}

inline Ints bitsOf(Floats values) {
    return reinterpret_cast<Ints>(values);
}

inline Floats ofBits(Ints bits) {
    return reinterpret_cast<Floats>(bits);
}

inline Floats larger(Floats a, Floats b) {
    return a > b ? a : b;
}

inline Floats smaller(Floats a, Floats b) {
    return a < b ? a : b;
}

/// e^x for x <= 88 to 2 units in the last place, as Cephes' expf computes it: 2^n e^r with |r| <= ln(2) / 2, e^r by a polynomial. Below -87 it gives
/// e^-87.
inline Floats exponential(Floats x) {
    x = larger(x, all(-87.0f));
    // Adding 1.5 x 2^23 rounds to an integer, which then stands in the lowest bits.
    const Floats shifter = all(12582912.0f);
    const Floats shifted = x * 1.44269504088896341f + shifter;
    const Floats n = shifted - shifter;
    const Floats r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    Floats p = all(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const Floats e = p * r * r + r + 1.0f;
    return ofBits(bitsOf(e) + (bitsOf(shifted) << 23));
}

/// x Φ(x), to 1.1e-6 for |x| <= 12. Φ(x) = 1/2 + x p(x^2) with a polynomial p that is fitted to it for |x| <= 5.5 (gelu.py); beyond, Φ stays as
/// it is.
inline Floats gelu(Floats x) {
    constexpr float largest = 5.5f;
    constexpr float coefficients[] = {0.128551945f,   -0.0641719699f, 0.0477362126f,   -0.0388053618f, 0.0321044028f,
                                      -0.0259321872f, 0.0200788453f,  -0.0154245347f,  0.011308373f,   -0.00617216062f,
                                      0.0026008056f,  -0.00264689513f, 0.00254253135f, -0.000860926637f};
    constexpr int degree = sizeof coefficients / sizeof *coefficients - 1;
    const Floats inner = smaller(larger(x, all(-largest)), all(largest));
    // x^2 as a number from -1 to 1, where the coefficients are small.
    const Floats at = inner * inner * (2 / (largest * largest)) - 1.0f;
    Floats p = all(coefficients[degree]);
#pragma GCC unroll 16
    for (int i = degree - 1; i >= 0; i--) p = p * at + coefficients[i];
    return x * (inner * p + 0.5f);
}

/// Each number beside the one that is `by` places further.
template <size_t by> Floats rotated(Floats values) {
    Ints places;
    for (size_t i = 0; i < wide; i++) places[i] = static_cast<int32_t>((i + by) % wide);
    return __builtin_shuffle(values, places);
}

/// All numbers by one operation, in halves: log2(wide) steps.
template <size_t by, typename Operation> float reduced(Floats values, Operation operation) {
    values = operation(values, rotated<by>(values));
    if constexpr (by > 1) return reduced<by / 2>(values, operation);
    return values[0];
}

inline float sumOf(Floats values) {
    return reduced<wide / 2>(values, [](Floats a, Floats b) { return a + b; });
}

inline float largestOf(Floats values) {
    return reduced<wide / 2>(values, [](Floats a, Floats b) { return larger(a, b); });
}

/// A number of rows that is known when the code is compiled.
template <size_t number> struct Rows {
    static constexpr size_t count = number;
};

template <size_t most, typename Tile> void tileOf(size_t count, size_t first, const Tile& tile) {
    if (count == most) return tile(Rows<most>{}, first);
    if constexpr (most > 1) tileOf<most - 1>(count, first, tile);
}

/// tile(Rows, first row) for all rows, in as many tiles as needed, of nearly the same height: 13 rows are 7 and 6, not 12 and 1.
template <size_t most, typename Tile> void inTiles(size_t rows, const Tile& tile) {
    const size_t tiles = (rows + most - 1) / most;
    size_t first = 0;
    for (size_t t = 1; t <= tiles; t++) {
        const size_t end = rows * t / tiles;
        tileOf<most>(end - first, first, tile);
        first = end;
    }
}

} // namespace
} // namespace voisin
