// What the files for AVX-512 have in common: vectors of 16 numbers, 12 rows x 32 columns in registers.
#include <immintrin.h>

#include "kernels.h"

namespace voisin {
namespace {
constexpr size_t wide = 16;
constexpr size_t columnVectors = 2;
constexpr size_t mostRows = 12;
constexpr size_t queriesAtOnce = 8;
} // namespace
} // namespace voisin

#include "vectors.inl"
