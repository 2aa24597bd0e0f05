#include "weights.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include <sys/mman.h>

namespace voisin {
namespace {

// Whole panels lie one behind the other: with large pages the processor reads ahead across them, and looks up fewer addresses.
constexpr size_t hugePage = 2 << 20;

void* allocate(size_t bytes) {
    void* memory = nullptr;
    const size_t alignment = bytes < hugePage ? 64 : hugePage;
    if (posix_memalign(&memory, alignment, bytes) != 0) throw std::bad_alloc();
    if (bytes >= hugePage) madvise(memory, bytes, MADV_HUGEPAGE);
    return memory;
}

} // namespace

void Table::add(size_t row, float* out) const {
    const size_t at = row * size;
    if (!bytes.empty()) return kernels().addBytes(bytes.data() + at, scales[row], size, out);
    if (!halves.empty()) return kernels().addHalves(halves.data() + at, size, out);
    kernels().addFloats(floats.data() + at, size, out);
}

Floats widened(std::vector<uint16_t> halves) {
    const size_t count = halves.size();
    // The kernels take whole vectors, of 16 numbers at most.
    halves.resize((count + 15) / 16 * 16);
    Floats floats(halves.size());
    kernels().addHalves(halves.data(), halves.size(), floats.data());
    floats.resize(count);
    return floats;
}

Linear::Linear(const void* values, Stored stored, size_t inner, Floats bias)
    : memory_(nullptr, std::free), panels_{nullptr, inner, stored}, bias_(std::move(bias)) {
    const size_t number = stored == Stored::float16 ? sizeof(uint16_t) : sizeof(float);
    const size_t row = width() * number;
    memory_.reset(allocate(inner * columns() * number));
    panels_.values = memory_.get();
    const auto* from = static_cast<const char*>(values);
    auto* to = static_cast<char*>(memory_.get());
    for (size_t panel = 0; panel < panels(); panel++) {
        for (size_t k = 0; k < inner; k++, to += row) std::memcpy(to, from + k * columns() * number + panel * row, row);
    }
}

Linear::Linear(const int8_t* values, size_t inner, Floats factors, Floats scales, Floats bias)
    : memory_(nullptr, std::free), panels_{nullptr, inner, Stored::int8}, bias_(std::move(bias)),
      quantized_{std::move(factors), std::move(scales), std::vector<int32_t>(bias_.size())} {
    memory_.reset(allocate(inner * columns()));
    panels_.values = memory_.get();
    auto* to = static_cast<int8_t*>(memory_.get());
    for (size_t first = 0; first < columns(); first += width()) {
        for (size_t k = 0; k < inner; k += 4) {
            for (size_t column = first; column < first + width(); column++) {
                for (size_t i = 0; i < 4; i++) *to++ = values[(k + i) * columns() + column];
            }
        }
    }
    for (size_t k = 0; k < inner; k++) {
        for (size_t column = 0; column < columns(); column++) quantized_.excess[column] += 128 * values[k * columns() + column];
    }
}

void Linear::multiply(size_t panel, const float* in, size_t rows, float* out, Then then, float* scratch) const {
    const size_t column = panel * width();
    kernels().multiply(in, rows, panels_, panel, bias_.data() + column, {out + column, columns(), then}, scratch);
}

void Linear::multiply(size_t panel, const ByteRows& in, size_t rows, float* out, Then then) const {
    const size_t column = panel * width();
    const ByteColumns about{quantized_.scales.data() + column, quantized_.excess.data() + column, bias_.data() + column};
    byteKernels()->multiply(in, rows, panels_, panel, about, {out + column, columns(), then});
}

} // namespace voisin
