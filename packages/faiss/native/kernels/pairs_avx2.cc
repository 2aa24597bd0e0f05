// The pair kernels for processors with AVX2 and FMA.
#if defined(__x86_64__)
#include "kernels/pairs.h"

#define VOISIN_LANES 8
#define VOISIN_KERNELS avx2
#include "kernels/pairs.inl"
#endif
