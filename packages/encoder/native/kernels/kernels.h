// The arithmetic of a forward pass, in one version for each kind of processor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace voisin {

/// How the numbers of a matrix are stored. float16 ones are multiplied as float32, int8 ones by int8 ones.
enum class Stored { float32, float16, int8 };

/// A matrix of `inner` x `columns`, cut into panels of as many columns as a kernel multiplies at once. A panel's numbers lie in the order
/// in which they are read: all columns of the first inner index, then of the second; of int8 ones, four inner indexes of the first column, of the
/// second, and so on.
struct Panels {
    const void* values;
    size_t inner;
    Stored stored;
};

/// What is done to a product and its bias before they are stored.
enum class Then { nothing, gelu };

/// Where a product goes: rows of panel's columns, `stride` numbers from row to row.
struct Output {
    float* values;
    size_t stride;
    Then then;
};

/// One attention head's queries, keys and values of one text: `length` rows of `size` numbers, `stride` numbers from row to row.
struct Head {
    const float* query;
    const float* key;
    const float* value;
    float* context;
    size_t length;
    size_t size;
    size_t stride;
    size_t contextStride;
};

struct Kernels {
    /// Columns of a panel.
    size_t width;

    /// rows x width: out = then(in x panel + bias). `in` is rows x panels.inner, without gaps. `scratch` has panels.inner x width numbers.
    /// A row's numbers are added in one order whatever the other rows are: its result depends on nothing else.
    void (*multiply)(const float* in, size_t rows, const Panels& panels, size_t panel, const float* bias, const Output& out, float* scratch);

    /// context = softmax(query x key^T / sqrt(size)) x value. `scratch` has scratchOf(length, size) numbers.
    void (*attend)(const Head& head, float* scratch);
    size_t (*scratchOf)(size_t length, size_t size);

    /// out = (a + b - mean) / sqrt(variance + epsilon) * scale + shift, a row of `size` numbers.
    void (*normalize)(const float* a, const float* b, const float* scale, const float* shift, float epsilon, size_t size, float* out);

    /// out += scale * row of int8 or float16 or float32 numbers.
    void (*addBytes)(const int8_t* row, float scale, size_t size, float* out);
    void (*addHalves)(const uint16_t* row, size_t size, float* out);
    void (*addFloats)(const float* row, size_t size, float* out);
};

/// Rows of `in` as int8, each with a scale of its own; 128 is added to each number.
struct ByteRows {
    const uint8_t* values;
    const float* scales;
};

/// What turns an int8 matrix's sums back into numbers, a number a column.
struct ByteColumns {
    const float* scales;
    /// 128 times the sum of the column.
    const int32_t* excess;
    const float* bias;
};

/// Matrices of int8, where the processor multiplies them faster than float32.
struct ByteKernels {
    size_t width;

    /// Rows that are read together: behind the last one there must be memory up to a multiple of so many.
    size_t rowsRead;

    /// values = round(row x factors / scale) + 128, where scale lets the largest magnitude become 127.
    void (*quantize)(const float* row, const float* factors, size_t size, uint8_t* values, float* scale);

    /// rows x width: out = then(row scale x column scale x (bytes x panel - excess) + bias)
    void (*multiply)(const ByteRows& in, size_t rows, const Panels& panels, size_t panel, const ByteColumns& columns, const Output& out);
};

extern const Kernels generic;
#if defined(__x86_64__)
extern const Kernels avx2;
extern const Kernels avx512;
extern const ByteKernels avx512Bytes;
#endif
#if defined(VOISIN_AMX)
extern const ByteKernels amxBytes;
#endif

/// The fastest that this processor knows; slower ones where VOISIN_ENCODER_KERNELS is "avx512" (no AMX), "avx2" or "generic", for tests and
/// comparisons.
const Kernels& kernels();

/// Null where this processor has none.
const ByteKernels* byteKernels();

} // namespace voisin
