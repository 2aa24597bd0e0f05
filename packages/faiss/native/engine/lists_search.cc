// Search in inverted lists whose codes our kernels know.
#include "engine/lists_search.h"

#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexScalarQuantizer.h>
#include <faiss/invlists/InvertedLists.h>
#include <faiss/utils/distances.h>
#include <faiss/utils/utils.h>

#include <algorithm>
#include <vector>

#include "engine/classes.h"
#include "engine/sq8_queries.h"
#include "engine/top_k.h"
#include "kernels/pq8.h"

namespace voisin {
namespace {

constexpr size_t blockRows = 128;

/// One query in one list. Codes are of the difference to the list's centroid when the index says so.
class Sq8List {
  public:
    explicit Sq8List(const faiss::IndexIVFScalarQuantizer& ivf)
        : ivf_(ivf), metric_(metricOf(ivf)), query_(metric_, ivf.sq, std::vector<float>(ivf.d).data(), 1), centroid_(ivf.d), residual_(ivf.d) {}

    void query(const float* x) {
        x_ = x;
    }

    void enter(int64_t list, float) {
        const float* x = x_;
        base_ = 0;
        if (!ivf_.by_residual) {
            query_.set(0, metric_, ivf_.sq, x);
            return;
        }
        ivf_.quantizer->reconstruct(list, centroid_.data());
        if (metric_ == Metric::ip) {
            // The product with the centroid is the same for the whole list.
            base_ = faiss::fvec_inner_product(x, centroid_.data(), ivf_.d);
            query_.set(0, metric_, ivf_.sq, x);
            return;
        }
        faiss::fvec_sub(ivf_.d, x, centroid_.data(), residual_.data());
        query_.set(0, metric_, ivf_.sq, residual_.data());
    }

    void distances(const uint8_t* codes, const int32_t* rows, size_t n, float* out) const {
        sq8ToRows(metric_, query_[0], codes, ivf_.d, rows, n, out);
        for (size_t i = 0; i < n; i++) {
            out[i] += base_;
        }
    }

  private:
    const faiss::IndexIVFScalarQuantizer& ivf_;
    Metric metric_;
    Sq8Queries query_;
    std::vector<float> centroid_;
    std::vector<float> residual_;
    const float* x_ = nullptr;
    float base_ = 0;
};

/// The same for product quantizers: a table of the distances of all codes, and a sum over it for each vector.
class Pq8List {
  public:
    explicit Pq8List(const faiss::IndexIVFPQ& ivf)
        : ivf_(ivf), metric_(metricOf(ivf)), table_(ivf.pq.M * 256), products_(ivf.pq.M * 256), centroid_(ivf.d), residual_(ivf.d) {}

    void query(const float* x) {
        x_ = x;
        if (metric_ == Metric::ip) {
            ivf_.pq.compute_inner_prod_table(x, table_.data());
        } else if (!ivf_.by_residual) {
            ivf_.pq.compute_distance_table(x, table_.data());
        } else if (ivf_.use_precomputed_table == 1) {
            ivf_.pq.compute_inner_prod_table(x, products_.data());
            norm_ = faiss::fvec_norm_L2sqr(x, ivf_.d);
        }
    }

    void enter(int64_t list, float toCentroid) {
        base_ = 0;
        if (!ivf_.by_residual) {
            return;
        }
        // Far from the origin the parts of the sum are so large that they leave nothing of it.
        constexpr float mostNorms = 1e4f;
        if (metric_ == Metric::l2 && ivf_.use_precomputed_table == 1 && norm_ <= mostNorms * toCentroid) {
            // (x - c - r)^2 = (x - c)^2 + (r^2 + 2 c r) - 2 x r: FAISS keeps the middle for each list and code.
            base_ = toCentroid;
            faiss::fvec_madd(table_.size(), ivf_.precomputed_table.data() + list * table_.size(), -2.0f, products_.data(), table_.data());
            return;
        }
        ivf_.quantizer->reconstruct(list, centroid_.data());
        if (metric_ == Metric::ip) {
            base_ = faiss::fvec_inner_product(x_, centroid_.data(), ivf_.d);
            return;
        }
        faiss::fvec_sub(ivf_.d, x_, centroid_.data(), residual_.data());
        ivf_.pq.compute_distance_table(residual_.data(), table_.data());
    }

    void distances(const uint8_t* codes, const int32_t* rows, size_t n, float* out) const {
        pq8ToRows(table_.data(), codes, ivf_.pq.M, rows, n, out);
        for (size_t i = 0; i < n; i++) {
            out[i] += base_;
        }
    }

  private:
    const faiss::IndexIVFPQ& ivf_;
    Metric metric_;
    std::vector<float> table_;
    std::vector<float> products_;
    std::vector<float> centroid_;
    std::vector<float> residual_;
    const float* x_ = nullptr;
    float base_ = 0;
    float norm_ = 0;
};

template <class List>
void scanList(const faiss::InvertedLists& lists, int64_t number, const Bitmap& members, const List& list, Metric metric, TopK& best) {
    faiss::InvertedLists::ScopedCodes codes(&lists, number);
    const faiss::InvertedLists::ScopedIds ids(&lists, number);
    const size_t size = lists.list_size(number);
    int32_t rows[blockRows];
    float distances[blockRows];
    for (size_t next = 0; next < size;) {
        size_t n = 0;
        for (; next < size && n < blockRows; next++) {
            rows[n] = static_cast<int32_t>(next);
            n += members.has(ids[next]) ? 1 : 0;
        }
        list.distances(codes.get(), rows, n, distances);
        for (size_t i = 0; i < n; i++) {
            const float key = TopK::key(metric, distances[i]);
            if (best.wants(key)) {
                best.push(key, ids[rows[i]]);
            }
        }
    }
}

template <class List, class Ivf>
void searchAll(const Ivf& ivf, const Bitmap& members, const Probes& probes, size_t k, int threads, float* distances, int64_t* labels) {
    const Metric metric = metricOf(ivf);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < threads; part++) {
        List list(ivf);
        TopK best(k);
        for (size_t q = probes.queries * part / threads; q < probes.queries * (part + 1) / threads; q++) {
            list.query(probes.x + q * ivf.d);
            for (size_t i = q * probes.each; i < (q + 1) * probes.each; i++) {
                const int64_t number = probes.lists[i];
                if (number >= 0 && ivf.invlists->list_size(number) > 0) {
                    list.enter(number, probes.distances[i]);
                    scanList(*ivf.invlists, number, members, list, metric, best);
                }
            }
            best.write(metric, distances + q * k, labels + q * k);
        }
    }
}

} // namespace

bool canSearchLists(const faiss::IndexIVF& ivf) {
    if (const auto* scalar = dynamic_cast<const faiss::IndexIVFScalarQuantizer*>(&ivf)) {
        return scalar->sq.qtype == faiss::ScalarQuantizer::QT_8bit;
    }
    const auto* product = dynamic_cast<const faiss::IndexIVFPQ*>(&ivf);
    // The precomputed table starts from the distance to the centroid, which a quantizer by products does not give.
    const bool given = product != nullptr && (product->metric_type == product->quantizer->metric_type || product->use_precomputed_table != 1);
    return given && product->pq.nbits == 8 && product->use_precomputed_table <= 1;
}

void searchLists(
        const faiss::IndexIVF& ivf, const Bitmap& members, const Probes& probes, size_t k, int threads, float* distances, int64_t* labels) {
    if (const auto* scalar = dynamic_cast<const faiss::IndexIVFScalarQuantizer*>(&ivf)) {
        searchAll<Sq8List>(*scalar, members, probes, k, threads, distances, labels);
    } else {
        searchAll<Pq8List>(dynamic_cast<const faiss::IndexIVFPQ&>(ivf), members, probes, k, threads, distances, labels);
    }
}

} // namespace voisin
