// New indexes.
#include "engine/create.h"

#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexPQ.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/VectorTransform.h>
#include <faiss/clone_index.h>
#include <faiss/index_factory.h>

namespace voisin {
namespace {

/// FAISS prints a warning when it trains on few vectors. How many are enough is for the caller to say.
void silence(faiss::ClusteringParameters& clustering) {
    clustering.min_points_per_centroid = 1;
}

void prepare(faiss::Index& index) {
    if (auto* transformed = dynamic_cast<faiss::IndexPreTransform*>(&index)) {
        prepare(*transformed->index);
    } else if (auto* mapped = dynamic_cast<faiss::IndexIDMap*>(&index)) {
        prepare(*mapped->index);
    } else if (auto* hnsw = dynamic_cast<faiss::IndexHNSW*>(&index)) {
        // FAISS's own default of 16 finds too little; 64 is what our callers start from.
        hnsw->hnsw.efSearch = 64;
        prepare(*hnsw->storage);
    } else if (auto* ivf = dynamic_cast<faiss::IndexIVF*>(&index)) {
        silence(ivf->cp);
        if (auto* ivfpq = dynamic_cast<faiss::IndexIVFPQ*>(ivf)) {
            silence(ivfpq->pq.cp);
        }
    } else if (auto* pq = dynamic_cast<faiss::IndexPQ*>(&index)) {
        silence(pq->pq.cp);
    }
}

/// FAISS's cloner turns every HNSW class into the base class, which it cannot write, and knows no NormalizationTransform.
class Copier final : public faiss::Cloner {
  public:
    faiss::Index* clone_Index(const faiss::Index* index) override {
        if (const auto* flat = dynamic_cast<const faiss::IndexHNSWFlat*>(index)) {
            return copyHnsw(*flat);
        }
        if (const auto* sq = dynamic_cast<const faiss::IndexHNSWSQ*>(index)) {
            return copyHnsw(*sq);
        }
        if (const auto* pq = dynamic_cast<const faiss::IndexHNSWPQ*>(index)) {
            return copyHnsw(*pq);
        }
        return faiss::Cloner::clone_Index(index);
    }

    faiss::VectorTransform* clone_VectorTransform(const faiss::VectorTransform* transform) override {
        if (const auto* norm = dynamic_cast<const faiss::NormalizationTransform*>(transform)) {
            return new faiss::NormalizationTransform(*norm);
        }
        return faiss::Cloner::clone_VectorTransform(transform);
    }

  private:
    template <class Hnsw>
    faiss::Index* copyHnsw(const Hnsw& hnsw) {
        std::unique_ptr<faiss::Index> storage(clone_Index(hnsw.storage));
        auto copy = std::make_unique<Hnsw>(hnsw);
        copy->storage = storage.release();
        copy->own_fields = true;
        return copy.release();
    }
};

} // namespace

std::unique_ptr<faiss::Index> createIndex(int dimension, const std::string& factory, faiss::MetricType metric) {
    std::unique_ptr<faiss::Index> index(faiss::index_factory(dimension, factory.c_str(), metric));
    prepare(*index);
    return index;
}

std::unique_ptr<faiss::Index> copyIndex(const faiss::Index& index) {
    return std::unique_ptr<faiss::Index>(Copier().clone_Index(&index));
}

} // namespace voisin
