// The numbers of a BERT encoder, laid out for the kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/kernels.h"

namespace voisin {

using Floats = std::vector<float>;

/// Rows of `size` numbers, one of which is added for a token. int8 ones have a scale each.
struct Table {
    size_t rows = 0;
    size_t size = 0;
    std::vector<int8_t> bytes;
    Floats scales;
    std::vector<uint16_t> halves;
    Floats floats;

    /// out += row
    void add(size_t row, float* out) const;
};

/// float16 to float32
Floats widened(std::vector<uint16_t> halves);

/// How an int8 matrix stands for real numbers: the input is multiplied by `factors` before it becomes int8, the output by `scales`.
struct Quantized {
    Floats factors;
    Floats scales;
    std::vector<int32_t> excess;
};

/// out = in x matrix + bias
class Linear {
  public:
    /// @param values inner x columns, row by row; copied. columns must be a multiple of the kernels' width, inner of 4.
    Linear(const void* values, Stored stored, size_t inner, Floats bias);
    /// The same with int8 values; where byteKernels() are. @param factors one a row @param scales one a column
    Linear(const int8_t* values, size_t inner, Floats factors, Floats scales, Floats bias);

    size_t inner() const {
        return panels_.inner;
    }
    size_t columns() const {
        return bias_.size();
    }
    bool isQuantized() const {
        return panels_.stored == Stored::int8;
    }
    size_t panels() const {
        return columns() / width();
    }

    /// The columns of one panel, for `rows` rows of `in`; `out` has columns() numbers a row, `scratch` scratchSize().
    void multiply(size_t panel, const float* in, size_t rows, float* out, Then then, float* scratch) const;
    size_t scratchSize() const {
        return isQuantized() ? 0 : inner() * width();
    }

    /// One row as multiply takes it from a quantized matrix's input.
    void quantize(const float* row, uint8_t* values, float* scale) const {
        byteKernels()->quantize(row, quantized_.factors.data(), inner(), values, scale);
    }
    void multiply(size_t panel, const ByteRows& in, size_t rows, float* out, Then then) const;

  private:
    size_t width() const {
        return isQuantized() ? byteKernels()->width : kernels().width;
    }

    std::unique_ptr<void, void (*)(void*)> memory_;
    Panels panels_;
    Floats bias_;
    Quantized quantized_;
};

struct Norm {
    Floats scale;
    Floats shift;
    float epsilon;

    void apply(const float* a, const float* b, float* out) const {
        kernels().normalize(a, b, scale.data(), shift.data(), epsilon, scale.size(), out);
    }
};

struct Layer {
    Linear queryKeyValue;
    Linear attentionOutput;
    Norm attentionNorm;
    Linear intermediate;
    Linear output;
    Norm outputNorm;
};

struct Weights {
    size_t heads;
    Table words;
    Table positions;
    Table types;
    Norm embeddingNorm;
    std::vector<Layer> layers;
};

} // namespace voisin
