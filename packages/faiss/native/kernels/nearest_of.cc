// The nearest of a few vectors of few dimensions, for many queries.
#include "kernels/nearest_of.h"

#include "kernels/clones.h"

namespace voisin {

VOISIN_CLONES size_t nearestOfColumns(const float* x, const float* columns, size_t d, size_t n, float* room, float* distance) {
    for (size_t i = 0; i < n; i++) {
        const float difference = x[0] - columns[i];
        room[i] = difference * difference;
    }
    for (size_t j = 1; j < d; j++) {
        const float value = x[j];
        const float* column = columns + j * n;
        for (size_t i = 0; i < n; i++) {
            const float difference = value - column[i];
            room[i] += difference * difference;
        }
    }
    float least = room[0];
    for (size_t i = 1; i < n; i++) {
        least = room[i] < least ? room[i] : least;
    }
    *distance = least;
    for (size_t i = 0; i < n; i++) {
        if (room[i] == least) {
            return i;
        }
    }
    return 0;
}

} // namespace voisin
