// Squared distances between the stored vectors of an index.
#pragma once

#include <faiss/IndexFlat.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/impl/DistanceComputer.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/rows.h"

namespace voisin {

/// Of plain vectors, by our kernels. The squared distance whatever the metric of the index: products are no distances (a vector may have a
/// larger product with another than with itself), and a graph that is built by them falls apart.
class FlatRowDistances {
  public:
    explicit FlatRowDistances(const faiss::IndexFlat& storage) : base_(storage.get_xb()), d_(storage.d) {}

    void prefetch(int32_t row) const {
        const char* at = reinterpret_cast<const char*>(base_ + static_cast<size_t>(row) * d_);
        for (size_t i = 0; i < 256; i += 64) {
            __builtin_prefetch(at + i);
        }
    }

    /// The row that `toRows` measures from.
    void from(int32_t row) {
        row_ = base_ + static_cast<size_t>(row) * d_;
    }

    void toRows(const int32_t* rows, size_t n, float* out) const {
        distancesToRows(Metric::l2, row_, base_, d_, rows, n, out);
    }

    void between(int32_t row, const int32_t* rows, size_t n, float* out) const {
        distancesToRows(Metric::l2, base_ + static_cast<size_t>(row) * d_, base_, d_, rows, n, out);
    }

    void products(int32_t row, const int32_t* rows, size_t n, float* out) const {
        distancesToRows(Metric::ip, base_ + static_cast<size_t>(row) * d_, base_, d_, rows, n, out);
    }

  private:
    const float* base_;
    size_t d_;
    const float* row_ = nullptr;
};

/// Of codes, by FAISS.
inline std::unique_ptr<faiss::DistanceComputer> squaredDistances(const faiss::Index& storage) {
    const auto* scalar = dynamic_cast<const faiss::IndexScalarQuantizer*>(&storage);
    if (scalar == nullptr) {
        return std::unique_ptr<faiss::DistanceComputer>(storage.get_distance_computer());
    }
    std::unique_ptr<faiss::FlatCodesDistanceComputer> computer(scalar->sq.get_distance_computer(faiss::METRIC_L2));
    computer->codes = scalar->codes.data();
    computer->code_size = scalar->code_size;
    return computer;
}

/// A row is measured as it is stored, so that equal codes have a distance of 0.
class CodeRowDistances {
  public:
    explicit CodeRowDistances(const faiss::Index& storage)
            : storage_(storage), decoded_(storage.d), computer_(squaredDistances(storage)), own_(storage.get_distance_computer()) {}

    void prefetch(int32_t) const {}

    void from(int32_t row) {
        storage_.reconstruct(row, decoded_.data());
        computer_->set_query(decoded_.data());
    }

    void toRows(const int32_t* rows, size_t n, float* out) const {
        for (size_t i = 0; i < n; i++) {
            out[i] = (*computer_)(rows[i]);
        }
    }

    void between(int32_t row, const int32_t* rows, size_t n, float* out) const {
        for (size_t i = 0; i < n; i++) {
            out[i] = computer_->symmetric_dis(row, rows[i]);
        }
    }

    /// Where the index has the metric of products.
    void products(int32_t row, const int32_t* rows, size_t n, float* out) const {
        for (size_t i = 0; i < n; i++) {
            out[i] = own_->symmetric_dis(row, rows[i]);
        }
    }

  private:
    const faiss::Index& storage_;
    std::vector<float> decoded_;
    std::unique_ptr<faiss::DistanceComputer> computer_;
    std::unique_ptr<faiss::DistanceComputer> own_;
};

} // namespace voisin
