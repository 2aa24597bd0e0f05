// The two metrics, as terms for the compiler to make vector code of and as kernels.
#pragma once

#include <cstddef>

#include "kernels/clones.h"
#include "kernels/pairs.h"

namespace voisin {

struct SquaredL2 {
    static VOISIN_INLINE float term(float a, float b) {
        const float difference = a - b;
        return difference * difference;
    }
    static const PairKernels& kernels() {
        return l2Kernels;
    }
};

struct InnerProduct {
    static VOISIN_INLINE float term(float a, float b) {
        return a * b;
    }
    static const PairKernels& kernels() {
        return ipKernels;
    }
};

} // namespace voisin
