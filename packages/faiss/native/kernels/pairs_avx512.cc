// The pair kernels for processors with AVX-512.
#if defined(__x86_64__)
#include "kernels/pairs.h"

#define VOISIN_LANES 16
#define VOISIN_KERNELS avx512
#include "kernels/pairs.inl"
#endif
