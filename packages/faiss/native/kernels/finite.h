// Looks for infinities and NaN.
#pragma once

#include <cstddef>

namespace voisin {

/// The index of the first of n floats that is infinite or NaN; n when there is none.
size_t firstNotFinite(const float* x, size_t n);

} // namespace voisin
