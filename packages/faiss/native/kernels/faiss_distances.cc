// Defines every symbol of FAISS 1.7.3's distances_simd.cpp. The linker takes a member of libfaiss.a only for symbols that are still
// undefined, so these stand in its place: Debian builds FAISS for the oldest x86-64, and these are compiled for newer ones too.
#include <cmath>
#include <cstddef>

#include "kernels/loops.h"

namespace voisin {
namespace {

template <class Kind, size_t d>
VOISIN_INLINE void toSmallRows(float* out, const float* x, const float* y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float sum = 0;
        for (size_t j = 0; j < d; j++) {
            sum += Kind::term(x[j], y[i * d + j]);
        }
        out[i] = sum;
    }
}

/// One query against n rows that lie together. PQ calls it with 2 to 16 dimensions and 256 rows: a constant d lets the compiler
/// work on several rows at once.
template <class Kind>
VOISIN_INLINE void toContiguousRows(float* out, const float* x, const float* y, size_t d, size_t n) {
    switch (d) {
        case 1: return toSmallRows<Kind, 1>(out, x, y, n);
        case 2: return toSmallRows<Kind, 2>(out, x, y, n);
        case 4: return toSmallRows<Kind, 4>(out, x, y, n);
        case 8: return toSmallRows<Kind, 8>(out, x, y, n);
        case 12: return toSmallRows<Kind, 12>(out, x, y, n);
        case 16: return toSmallRows<Kind, 16>(out, x, y, n);
        default: break;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = Kind::kernels().one(x, y + i * d, d);
    }
}

VOISIN_INLINE size_t smallest(const float* values, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        best = values[i] < values[best] ? i : best;
    }
    return best;
}

} // namespace
} // namespace voisin

namespace faiss {

using voisin::InnerProduct;
using voisin::SquaredL2;

float fvec_L2sqr(const float* x, const float* y, size_t d) {
    return voisin::l2Kernels.one(x, y, d);
}

float fvec_inner_product(const float* x, const float* y, size_t d) {
    return voisin::ipKernels.one(x, y, d);
}

float fvec_norm_L2sqr(const float* x, size_t d) {
    return voisin::ipKernels.one(x, x, d);
}

VOISIN_CLONES float fvec_L1(const float* x, const float* y, size_t d) {
    float sum = 0;
    for (size_t i = 0; i < d; i++) {
        sum += std::fabs(x[i] - y[i]);
    }
    return sum;
}

VOISIN_CLONES float fvec_Linf(const float* x, const float* y, size_t d) {
    float most = 0;
    for (size_t i = 0; i < d; i++) {
        most = std::fmax(most, std::fabs(x[i] - y[i]));
    }
    return most;
}

VOISIN_CLONES void fvec_L2sqr_ny(float* out, const float* x, const float* y, size_t d, size_t n) {
    voisin::toContiguousRows<SquaredL2>(out, x, y, d, n);
}

VOISIN_CLONES void fvec_inner_products_ny(float* out, const float* x, const float* y, size_t d, size_t n) {
    voisin::toContiguousRows<InnerProduct>(out, x, y, d, n);
}

VOISIN_CLONES size_t fvec_L2sqr_ny_nearest(float* buffer, const float* x, const float* y, size_t d, size_t n) {
    voisin::toContiguousRows<SquaredL2>(buffer, x, y, d, n);
    return voisin::smallest(buffer, n);
}

VOISIN_CLONES void fvec_L2sqr_ny_y_transposed_ref(
        float* out, const float* x, const float* y, const float* norms, size_t d, size_t stride, size_t n) {
    const float norm = voisin::ipKernels.one(x, x, d);
    for (size_t i = 0; i < n; i++) {
        out[i] = norm + norms[i];
    }
    for (size_t j = 0; j < d; j++) {
        const float twice = 2 * x[j];
        for (size_t i = 0; i < n; i++) {
            out[i] -= twice * y[i + j * stride];
        }
    }
}

size_t fvec_L2sqr_ny_nearest_y_transposed(
        float* buffer, const float* x, const float* y, const float* norms, size_t d, size_t stride, size_t n) {
    fvec_L2sqr_ny_y_transposed_ref(buffer, x, y, norms, d, stride, n);
    return voisin::smallest(buffer, n);
}

VOISIN_CLONES void fvec_madd(size_t n, const float* a, float factor, const float* b, float* c) {
    for (size_t i = 0; i < n; i++) {
        c[i] = a[i] + factor * b[i];
    }
}

int fvec_madd_and_argmin(size_t n, const float* a, float factor, const float* b, float* c) {
    fvec_madd(n, a, factor, b, c);
    return static_cast<int>(voisin::smallest(c, n));
}

VOISIN_CLONES void fvec_add(size_t d, const float* a, const float* b, float* c) {
    for (size_t i = 0; i < d; i++) {
        c[i] = a[i] + b[i];
    }
}

VOISIN_CLONES void fvec_add(size_t d, const float* a, float b, float* c) {
    for (size_t i = 0; i < d; i++) {
        c[i] = a[i] + b;
    }
}

VOISIN_CLONES void fvec_sub(size_t d, const float* a, const float* b, float* c) {
    for (size_t i = 0; i < d; i++) {
        c[i] = a[i] - b[i];
    }
}

/// Tables of a product quantizer whose sub-vectors have two dimensions: tables[(i * M + m) * ksub + k].
VOISIN_CLONES void compute_PQ_dis_tables_dsub2(
        size_t d, size_t ksub, const float* centroids, size_t n, const float* x, bool isInnerProduct, float* tables) {
    const size_t M = d / 2;
    for (size_t i = 0; i < n; i++) {
        for (size_t m = 0; m < M; m++) {
            float* table = tables + (i * M + m) * ksub;
            const float* query = x + i * d + m * 2;
            const float* rows = centroids + m * ksub * 2;
            if (isInnerProduct) {
                voisin::toSmallRows<InnerProduct, 2>(table, query, rows, ksub);
            } else {
                voisin::toSmallRows<SquaredL2, 2>(table, query, rows, ksub);
            }
        }
    }
}

// FAISS's names for the plain versions, which it calls here and there: the same functions.
float fvec_L2sqr_ref(const float* x, const float* y, size_t d) {
    return fvec_L2sqr(x, y, d);
}
float fvec_inner_product_ref(const float* x, const float* y, size_t d) {
    return fvec_inner_product(x, y, d);
}
float fvec_norm_L2sqr_ref(const float* x, size_t d) {
    return fvec_norm_L2sqr(x, d);
}
float fvec_L1_ref(const float* x, const float* y, size_t d) {
    return fvec_L1(x, y, d);
}
float fvec_Linf_ref(const float* x, const float* y, size_t d) {
    return fvec_Linf(x, y, d);
}
void fvec_L2sqr_ny_ref(float* out, const float* x, const float* y, size_t d, size_t n) {
    fvec_L2sqr_ny(out, x, y, d, n);
}
void fvec_inner_products_ny_ref(float* out, const float* x, const float* y, size_t d, size_t n) {
    fvec_inner_products_ny(out, x, y, d, n);
}
size_t fvec_L2sqr_ny_nearest_ref(float* buffer, const float* x, const float* y, size_t d, size_t n) {
    return fvec_L2sqr_ny_nearest(buffer, x, y, d, n);
}
size_t fvec_L2sqr_ny_nearest_y_transposed_ref(
        float* buffer, const float* x, const float* y, const float* norms, size_t d, size_t stride, size_t n) {
    return fvec_L2sqr_ny_nearest_y_transposed(buffer, x, y, norms, d, stride, n);
}

} // namespace faiss
