// The pair kernels for vectors of VOISIN_LANES floats, in the namespace VOISIN_KERNELS. Includes nothing that another file could share:
// the linker would keep one copy of an inline function, perhaps the one for a processor that this machine is not.
//
// A sum has VOISIN_LANES parts, which are added in halves at the end, and then what does not fill a vector, one term after the other.

namespace voisin {
namespace VOISIN_KERNELS {

constexpr size_t lanes = VOISIN_LANES;
typedef float Vector __attribute__((vector_size(lanes * sizeof(float))));
typedef float Vector4 __attribute__((vector_size(16)));
typedef int32_t Choice4 __attribute__((vector_size(16)));

#define VOISIN_INLINE inline __attribute__((always_inline))

// The compiler would load such values again at each use, and the two loads of a cycle are what a batch waits for: a third slower.
#if defined(__x86_64__)
#define VOISIN_IN_REGISTERS(a, b, c, d) asm("" : : "x"(a), "x"(b), "x"(c), "x"(d))
#else
#define VOISIN_IN_REGISTERS(a, b, c, d)
#endif

struct SquaredL2 {
    template <class T>
    static VOISIN_INLINE T add(T sum, T a, T b) {
        const T difference = a - b;
        return sum + difference * difference;
    }
};

struct InnerProduct {
    template <class T>
    static VOISIN_INLINE T add(T sum, T a, T b) {
        return sum + a * b;
    }
};

static VOISIN_INLINE Vector load(const float* from) {
    Vector vector;
    __builtin_memcpy(&vector, from, sizeof vector);
    return vector;
}

/// The lanes in halves, until four are left.
static VOISIN_INLINE Vector4 fold(Vector sum) {
    Vector4 quarters[lanes / 4];
    __builtin_memcpy(quarters, &sum, sizeof sum);
    for (size_t step = lanes / 8; step > 0; step /= 2) {
        for (size_t i = 0; i < step; i++) {
            quarters[i] += quarters[i + step];
        }
    }
    return quarters[0];
}

static VOISIN_INLINE float total(Vector sum) {
    const Vector4 four = fold(sum);
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/// The totals of four sums, each as `total` makes it.
static VOISIN_INLINE Vector4 totals(const Vector sums[4]) {
    const Vector4 a = fold(sums[0]), b = fold(sums[1]), c = fold(sums[2]), d = fold(sums[3]);
    const Vector4 ab02 = __builtin_shuffle(a, b, Choice4{0, 2, 4, 6}), ab13 = __builtin_shuffle(a, b, Choice4{1, 3, 5, 7});
    const Vector4 cd02 = __builtin_shuffle(c, d, Choice4{0, 2, 4, 6}), cd13 = __builtin_shuffle(c, d, Choice4{1, 3, 5, 7});
    const Vector4 first = __builtin_shuffle(ab02, cd02, Choice4{0, 2, 4, 6}), third = __builtin_shuffle(ab02, cd02, Choice4{1, 3, 5, 7});
    const Vector4 second = __builtin_shuffle(ab13, cd13, Choice4{0, 2, 4, 6}), fourth = __builtin_shuffle(ab13, cd13, Choice4{1, 3, 5, 7});
    return (first + third) + (second + fourth);
}

template <class Kind>
static VOISIN_INLINE float rest(const float* x, const float* y, size_t from, size_t d) {
    float sum = 0;
    for (size_t j = from; j < d; j++) {
        sum = Kind::add(sum, x[j], y[j]);
    }
    return sum;
}

template <class Kind>
static VOISIN_INLINE float pair(const float* x, const float* y, size_t d) {
    const size_t whole = d - d % lanes;
    Vector sum = {};
    for (size_t j = 0; j < whole; j += lanes) {
        sum = Kind::add(sum, load(x + j), load(y + j));
    }
    return total(sum) + rest<Kind>(x, y, whole, d);
}

/// Writes the distances of x to four rows, given the sums of what fills vectors.
template <class Kind>
static VOISIN_INLINE void finish(const Vector sums[4], const float* x, const float* const rows[4], size_t whole, size_t d, float* out) {
    Vector4 distances = totals(sums);
    if (whole < d) {
        distances += Vector4{
                rest<Kind>(x, rows[0], whole, d), rest<Kind>(x, rows[1], whole, d), rest<Kind>(x, rows[2], whole, d), rest<Kind>(x, rows[3], whole, d)};
    }
    __builtin_memcpy(out, &distances, sizeof distances);
}

/// One query with four rows: the query is loaded once, and four sums hide the latency of the additions.
template <class Kind>
static VOISIN_INLINE void fourPairs(const float* x, const float* const rows[4], size_t d, float* out) {
    const size_t whole = d - d % lanes;
    const float *y0 = rows[0], *y1 = rows[1], *y2 = rows[2], *y3 = rows[3];
    Vector s0 = {}, s1 = {}, s2 = {}, s3 = {};
    for (size_t j = 0; j < whole; j += lanes) {
        const Vector value = load(x + j);
        s0 = Kind::add(s0, value, load(y0 + j));
        s1 = Kind::add(s1, value, load(y1 + j));
        s2 = Kind::add(s2, value, load(y2 + j));
        s3 = Kind::add(s3, value, load(y3 + j));
    }
    const Vector sums[4] = {s0, s1, s2, s3};
    finish<Kind>(sums, x, rows, whole, d, out);
}

/// Two queries with four rows: eight sums keep the multipliers busy.
template <class Kind>
static VOISIN_INLINE void eightPairs(const float* x, const float* const rows[4], size_t d, float* out, float* outOfSecond) {
    const size_t whole = d - d % lanes;
    const float *y0 = rows[0], *y1 = rows[1], *y2 = rows[2], *y3 = rows[3];
    Vector a0 = {}, a1 = {}, a2 = {}, a3 = {}, b0 = {}, b1 = {}, b2 = {}, b3 = {};
    for (size_t j = 0; j < whole; j += lanes) {
        const Vector first = load(x + j), second = load(x + d + j);
        const Vector v0 = load(y0 + j), v1 = load(y1 + j), v2 = load(y2 + j), v3 = load(y3 + j);
        VOISIN_IN_REGISTERS(v0, v1, v2, v3);
        a0 = Kind::add(a0, first, v0);
        b0 = Kind::add(b0, second, v0);
        a1 = Kind::add(a1, first, v1);
        b1 = Kind::add(b1, second, v1);
        a2 = Kind::add(a2, first, v2);
        b2 = Kind::add(b2, second, v2);
        a3 = Kind::add(a3, first, v3);
        b3 = Kind::add(b3, second, v3);
    }
    const Vector sums[4] = {a0, a1, a2, a3}, sumsOfSecond[4] = {b0, b1, b2, b3};
    finish<Kind>(sums, x, rows, whole, d, out);
    finish<Kind>(sumsOfSecond, x + d, rows, whole, d, outOfSecond);
}

static VOISIN_INLINE void prefetchRow(const float* row, size_t d) {
    const char* at = reinterpret_cast<const char*>(row);
    // The first lines only: the hardware's own prefetcher follows once a row is being read.
    const size_t bytes = d * sizeof(float) < 512 ? d * sizeof(float) : 512;
    for (size_t i = 0; i < bytes; i += 64) {
        __builtin_prefetch(at + i);
    }
}

template <class Kind>
static float one(const float* x, const float* y, size_t d) {
    return pair<Kind>(x, y, d);
}

template <class Kind>
static void toRows(const float* x, const float* base, size_t d, const int32_t* rows, size_t n, float* out) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const float* four[4];
        for (size_t j = 0; j < 4; j++) {
            four[j] = base + static_cast<size_t>(rows[i + j]) * d;
            if (i + 4 + j < n) {
                prefetchRow(base + static_cast<size_t>(rows[i + 4 + j]) * d, d);
            }
        }
        fourPairs<Kind>(x, four, d, out + i);
    }
    for (; i < n; i++) {
        out[i] = pair<Kind>(x, base + static_cast<size_t>(rows[i]) * d, d);
    }
}

/// Rows shorter than a vector: their values are put in columns, and a vector holds one value of several rows.
template <class Kind>
static void batchOfShort(const float* x, size_t queries, const float* base, size_t d, const int32_t* rows, size_t n, float* out) {
    float columns[(lanes - 1) * (maxBatchRows + lanes)] = {};
    float distances[maxBatchRows + lanes];
    const size_t padded = (n + lanes - 1) / lanes * lanes;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d; j++) {
            columns[j * padded + i] = base[static_cast<size_t>(rows[i]) * d + j];
        }
    }
    for (size_t q = 0; q < queries; q++) {
        for (size_t i = 0; i < padded; i += lanes) {
            Vector sum = {};
            for (size_t j = 0; j < d; j++) {
                const Vector value = x[q * d + j] - Vector{};
                sum = Kind::add(sum, value, load(columns + j * padded + i));
            }
            __builtin_memcpy(distances + i, &sum, sizeof sum);
        }
        __builtin_memcpy(out + q * n, distances, n * sizeof(float));
    }
}

template <class Kind>
static void batch(const float* x, size_t queries, const float* base, size_t d, const int32_t* rows, size_t n, float* out) {
    if (d < lanes) {
        batchOfShort<Kind>(x, queries, base, d, rows, n, out);
        return;
    }
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const float* four[4];
        for (size_t j = 0; j < 4; j++) {
            four[j] = base + static_cast<size_t>(rows[i + j]) * d;
        }
        size_t q = 0;
        for (; q + 2 <= queries; q += 2) {
            eightPairs<Kind>(x + q * d, four, d, out + q * n + i, out + (q + 1) * n + i);
        }
        if (q < queries) {
            fourPairs<Kind>(x + q * d, four, d, out + q * n + i);
        }
    }
    for (; i < n; i++) {
        for (size_t q = 0; q < queries; q++) {
            out[q * n + i] = pair<Kind>(x + q * d, base + static_cast<size_t>(rows[i]) * d, d);
        }
    }
}

extern const PairKernels l2 = {one<SquaredL2>, toRows<SquaredL2>, batch<SquaredL2>};
extern const PairKernels ip = {one<InnerProduct>, toRows<InnerProduct>, batch<InnerProduct>};

#undef VOISIN_INLINE
#undef VOISIN_IN_REGISTERS

} // namespace VOISIN_KERNELS
} // namespace voisin
