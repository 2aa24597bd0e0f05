// Queries made ready for codes of 8 bits.
#pragma once

#include <faiss/impl/ScalarQuantizer.h>

#include <cstddef>
#include <vector>

#include "kernels/sq8.h"

namespace voisin {

class Sq8Queries {
  public:
    Sq8Queries(Metric metric, const faiss::ScalarQuantizer& sq, const float* x, size_t count)
        : d_(sq.d), offsets_(count * sq.d), scales_(count * sq.d), constants_(count) {
        for (size_t q = 0; q < count; q++) {
            set(q, metric, sq, x + q * d_);
        }
    }

    void set(size_t q, Metric metric, const faiss::ScalarQuantizer& sq, const float* x) {
        // FAISS keeps the d lows, then the d spans.
        const float* low = sq.trained.data();
        constants_[q] = prepareSq8(metric, x, low, low + d_, d_, &offsets_[q * d_], &scales_[q * d_]);
    }

    Sq8Query operator[](size_t q) const {
        return {&offsets_[q * d_], &scales_[q * d_], constants_[q]};
    }

  private:
    size_t d_;
    std::vector<float> offsets_;
    std::vector<float> scales_;
    std::vector<float> constants_;
};

} // namespace voisin
