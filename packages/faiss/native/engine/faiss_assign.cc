// Takes the place of FAISS's knn_L2sqr where it assigns vectors to product-quantizer centroids. Training PQ48 on 20,000 x 384 took
// 26 s, of it two thirds in the loop behind its matrix products, which Debian's build runs without vector instructions.
// The linker's --wrap (CMakeLists.txt) sends FAISS's calls here; every other call goes on to FAISS.
#include <faiss/utils/Heap.h>
#include <faiss/utils/distances.h>

#include <vector>

#include "kernels/nearest_of.h"

using Nearest = faiss::float_maxheap_array_t;

void faissKnn(
        const float* x, const float* y, size_t d, size_t nx, size_t ny, Nearest* nearest, const float* norms,
        const faiss::IDSelector* selector) __asm__("__real__ZN5faiss9knn_L2sqrEPKfS1_mmmPNS_9HeapArrayINS_4CMaxIflEEEES1_PKNS_10IDSelectorE");
void voisinKnn(
        const float* x, const float* y, size_t d, size_t nx, size_t ny, Nearest* nearest, const float* norms,
        const faiss::IDSelector* selector) __asm__("__wrap__ZN5faiss9knn_L2sqrEPKfS1_mmmPNS_9HeapArrayINS_4CMaxIflEEEES1_PKNS_10IDSelectorE");

void voisinKnn(
        const float* x, const float* y, size_t d, size_t nx, size_t ny, Nearest* nearest, const float* norms,
        const faiss::IDSelector* selector) {
    // From more dimensions or centroids on, multiplying matrices is quicker.
    constexpr size_t mostDimensions = 32;
    constexpr size_t mostCentroids = 4096;
    if (nearest->k != 1 || selector != nullptr || d > mostDimensions || ny == 0 || ny > mostCentroids || nx < ny) {
        faissKnn(x, y, d, nx, ny, nearest, norms, selector);
        return;
    }
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
