// The pair kernels for every processor.
#include "kernels/pairs.h"

#define VOISIN_LANES 4
#define VOISIN_KERNELS generic
#include "kernels/pairs.inl"
