// The inner loops of all kernels. Plain C++: the compiler makes vector code of them, once for each clone that they are inlined into.
#pragma once

#include <cstddef>

#include "kernels/clones.h"

namespace voisin {

struct SquaredL2 {
    static VOISIN_INLINE float term(float a, float b) {
        const float difference = a - b;
        return difference * difference;
    }
};

struct InnerProduct {
    static VOISIN_INLINE float term(float a, float b) {
        return a * b;
    }
};

template <class Kind>
VOISIN_INLINE float distance(const float* x, const float* y, size_t d) {
    float sum = 0;
    for (size_t i = 0; i < d; i++) {
        sum += Kind::term(x[i], y[i]);
    }
    return sum;
}

/// Four vectors against one query: the query is loaded once, and four sums hide the latency of the additions.
template <class Kind>
VOISIN_INLINE void distanceOfFour(const float* x, const float* const y[4], size_t d, float* out) {
    const float *y0 = y[0], *y1 = y[1], *y2 = y[2], *y3 = y[3];
    float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (size_t i = 0; i < d; i++) {
        s0 += Kind::term(x[i], y0[i]);
        s1 += Kind::term(x[i], y1[i]);
        s2 += Kind::term(x[i], y2[i]);
        s3 += Kind::term(x[i], y3[i]);
    }
    out[0] = s0;
    out[1] = s1;
    out[2] = s2;
    out[3] = s3;
}

} // namespace voisin
