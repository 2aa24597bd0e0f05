// Takes the place of FAISS's knn_L2sqr, knn_inner_product and pairwise_L2sqr: FAISS's own compute many distances as |x|^2 - 2xy + |y|^2, by a
// product of matrices, which leaves nothing of a distance that is small beside |x|. So a batch had other neighbours than a single query, a vector
// was put into the list of another, and k-means on coordinates of one city or on timestamps found nothing. The linker's --wrap (CMakeLists.txt)
// sends FAISS's calls here.
#include <faiss/utils/Heap.h>
#include <faiss/utils/distances.h>
#include <omp.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "engine/scan.h"
#include "kernels/nearest_of.h"

using Nearest = faiss::float_maxheap_array_t;
using NearestByProduct = faiss::float_minheap_array_t;

#define VOISIN_NAMES(returned, name, symbol, arguments) \
    returned faiss##name arguments __asm__("__real_" symbol); \
    returned voisin##name arguments __asm__("__wrap_" symbol)

VOISIN_NAMES(
        void, Knn, "_ZN5faiss9knn_L2sqrEPKfS1_mmmPNS_9HeapArrayINS_4CMaxIflEEEES1_PKNS_10IDSelectorE",
        (const float* x, const float* y, size_t d, size_t nx, size_t ny, Nearest* nearest, const float* norms,
         const faiss::IDSelector* selector));
VOISIN_NAMES(
        void, KnnByProduct, "_ZN5faiss17knn_inner_productEPKfS1_mmmPNS_9HeapArrayINS_4CMinIflEEEEPKNS_10IDSelectorE",
        (const float* x, const float* y, size_t d, size_t nx, size_t ny, NearestByProduct* nearest, const faiss::IDSelector* selector));
extern "C" void voisinPairs(
        int64_t d, int64_t nq, const float* xq, int64_t nb, const float* xb, float* out, int64_t ldq, int64_t ldb,
        int64_t ldd) __asm__("__wrap__ZN5faiss14pairwise_L2sqrEllPKflS1_Pflll");

namespace {

void scan(voisin::Metric metric, const float* x, const float* y, size_t d, size_t nx, size_t ny, size_t k, float* distances, int64_t* labels) {
    voisin::scanNearest({metric, y, d, ny, x}, {}, nx, k, omp_get_max_threads(), distances, labels);
}

/// One nearest of a few short vectors. Training PQ48 on 20,000 x 384 took 26 s with FAISS's products of matrices and the loop behind them.
void nearestOfFew(const float* x, const float* y, size_t d, size_t nx, size_t ny, Nearest* nearest) {
    std::vector<float> columns(d * ny);
    for (size_t i = 0; i < ny; i++) {
        for (size_t j = 0; j < d; j++) {
            columns[j * ny + i] = y[i * d + j];
        }
    }
#pragma omp parallel
    {
        std::vector<float> room(ny);
#pragma omp for schedule(static)
        for (size_t q = 0; q < nx; q++) {
            nearest->ids[q] = voisin::nearestOfColumns(x + q * d, columns.data(), d, ny, room.data(), nearest->val + q);
        }
    }
}

} // namespace

void voisinKnn(
        const float* x, const float* y, size_t d, size_t nx, size_t ny, Nearest* nearest, const float* norms,
        const faiss::IDSelector* selector) {
    constexpr size_t mostDimensions = 32;
    constexpr size_t mostCentroids = 4096;
    if (selector != nullptr) {
        faissKnn(x, y, d, nx, ny, nearest, norms, selector);
    } else if (nearest->k == 1 && d <= mostDimensions && ny > 0 && ny <= mostCentroids && nx >= ny) {
        nearestOfFew(x, y, d, nx, ny, nearest);
    } else {
        scan(voisin::Metric::l2, x, y, d, nx, ny, nearest->k, nearest->val, nearest->ids);
    }
}

void voisinKnnByProduct(
        const float* x, const float* y, size_t d, size_t nx, size_t ny, NearestByProduct* nearest, const faiss::IDSelector* selector) {
    if (selector != nullptr) {
        faissKnnByProduct(x, y, d, nx, ny, nearest, selector);
    } else {
        scan(voisin::Metric::ip, x, y, d, nx, ny, nearest->k, nearest->val, nearest->ids);
    }
}

/// Rows may be further apart than they are long: product quantizers give a part of each vector.
void voisinPairs(
        int64_t d, int64_t nq, const float* xq, int64_t nb, const float* xb, float* out, int64_t ldq, int64_t ldb, int64_t ldd) {
    const int64_t queryStride = ldq < 0 ? d : ldq, rowStride = ldb < 0 ? d : ldb, outStride = ldd < 0 ? nb : ldd;
    std::vector<float> packed;
    if (rowStride != d) {
        packed.resize(nb * d);
        for (int64_t i = 0; i < nb; i++) {
            std::copy_n(xb + i * rowStride, d, packed.data() + i * d);
        }
        xb = packed.data();
    }
    std::vector<int32_t> rows(nb);
    std::iota(rows.begin(), rows.end(), 0);
#pragma omp parallel for schedule(static) if (nq > 1)
    for (int64_t q = 0; q < nq; q++) {
        voisin::distancesToRows(voisin::Metric::l2, xq + q * queryStride, xb, d, rows.data(), nb, out + q * outStride);
    }
}
