// The transforms in front of an index. FAISS multiplies matrices, whose rounding depends on how many vectors there are, and takes the mean of a
// PCA from the product, where the far larger product has used up the digits.
#include "engine/transform.h"

#include <faiss/VectorTransform.h>

#include <numeric>

#include "kernels/rows.h"

namespace voisin {
namespace {

/// y = A x + b, n vectors.
std::vector<float> multiply(const faiss::LinearTransform& transform, const float* x, size_t n, bool withBias) {
    const size_t width = transform.d_in;
    const size_t height = transform.d_out;
    std::vector<int32_t> rows(height);
    std::iota(rows.begin(), rows.end(), 0);
    std::vector<float> y(n * height);
#pragma omp parallel for schedule(static) if (n > 1)
    for (size_t i = 0; i < n; i++) {
        float* out = y.data() + i * height;
        distancesToRows(Metric::ip, x + i * width, transform.A.data(), width, rows.data(), height, out);
        for (size_t j = 0; withBias && j < height; j++) {
            out[j] += transform.b[j];
        }
    }
    return y;
}

/// A PCA's bias is -A mean: it is taken from the vectors.
std::vector<float> multiplyCentred(const faiss::PCAMatrix& pca, const float* x, size_t n) {
    std::vector<float> centred(n * pca.d_in);
    for (size_t i = 0; i < centred.size(); i++) {
        centred[i] = x[i] - pca.mean[i % pca.d_in];
    }
    return multiply(pca, centred.data(), n, false);
}

std::vector<float> applyOne(const faiss::VectorTransform& transform, const float* x, size_t n) {
    if (const auto* pca = dynamic_cast<const faiss::PCAMatrix*>(&transform); pca != nullptr && pca->mean.size() == size_t(pca->d_in)) {
        return multiplyCentred(*pca, x, n);
    }
    if (const auto* linear = dynamic_cast<const faiss::LinearTransform*>(&transform)) {
        return multiply(*linear, x, n, linear->have_bias);
    }
    std::vector<float> y(n * transform.d_out);
    transform.apply_noalloc(n, x, y.data());
    return y;
}

} // namespace

std::vector<float> applyTransforms(const faiss::IndexPreTransform& index, const float* x, size_t n) {
    std::vector<float> y(x, x + n * index.d);
    for (const auto* transform : index.chain) {
        y = applyOne(*transform, y.data(), n);
    }
    return y;
}

} // namespace voisin
