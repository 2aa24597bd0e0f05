// The nearest of a few vectors of few dimensions, for many queries.
#pragma once

#include <cstddef>

namespace voisin {

/// Squared distance to the nearest of n vectors and its number. `columns` holds value j of vector i at j * n + i; `room` takes n floats.
size_t nearestOfColumns(const float* x, const float* columns, size_t d, size_t n, float* room, float* distance);

} // namespace voisin
