// Adds, training and removal.
#include "engine/change.h"

#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexPQ.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/VectorTransform.h>
#include <faiss/impl/IDSelector.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "engine/add.h"
#include "engine/classes.h"
#include "engine/hnsw_insert.h"
#include "kernels/finite.h"
#include "run/cores.h"
#include "run/error.h"

namespace voisin {
namespace {

void requireFinite(const float* x, size_t n, size_t d) {
    const size_t at = firstNotFinite(x, n * d);
    if (at < n * d) {
        throw Error("ERR_FAISS_NOT_FINITE", "vector " + std::to_string(at / d) + " has a value that is not finite, at " + std::to_string(at % d));
    }
}

void requireTrained(const faiss::Index& index) {
    if (!index.is_trained) {
        throw Error("ERR_FAISS_UNTRAINED", className(index) + " must be trained before vectors are added");
    }
}

/// The index that says where vectors go: behind transforms and id maps.
faiss::Index& innermost(faiss::Index& index) {
    if (auto* transformed = dynamic_cast<faiss::IndexPreTransform*>(&index)) {
        return innermost(*transformed->index);
    }
    if (auto* mapped = dynamic_cast<faiss::IndexIDMap*>(&index)) {
        return innermost(*mapped->index);
    }
    return index;
}

int threadsForAdd(const faiss::Index& index, size_t n) {
    // A graph is worth a second thread from some vectors on; copying is never.
    return dynamic_cast<const faiss::IndexFlat*>(&index) != nullptr ? 1 : static_cast<int>(std::clamp<size_t>(n / 16, 1, 64));
}

/// Training makes centroids, and each needs a vector at least.
size_t vectorsToTrain(const faiss::Index& index) {
    if (const auto* transformed = dynamic_cast<const faiss::IndexPreTransform*>(&index)) {
        size_t needed = vectorsToTrain(*transformed->index);
        for (const auto* transform : transformed->chain) {
            // OPQ looks for its rotation with codes of 8 bits.
            needed = std::max<size_t>(needed, dynamic_cast<const faiss::OPQMatrix*>(transform) != nullptr ? 256 : 1);
        }
        return needed;
    }
    if (const auto* mapped = dynamic_cast<const faiss::IndexIDMap*>(&index)) {
        return vectorsToTrain(*mapped->index);
    }
    if (const auto* hnsw = dynamic_cast<const faiss::IndexHNSW*>(&index)) {
        return vectorsToTrain(*hnsw->storage);
    }
    if (const auto* ivf = dynamic_cast<const faiss::IndexIVF*>(&index)) {
        const auto* ivfpq = dynamic_cast<const faiss::IndexIVFPQ*>(ivf);
        return std::max(ivf->nlist, ivfpq != nullptr ? ivfpq->pq.ksub : 1);
    }
    const auto* pq = dynamic_cast<const faiss::IndexPQ*>(&index);
    return pq != nullptr ? pq->pq.ksub : 1;
}

/// OPQ trains a product quantizer of its own at each of its rounds, and FAISS warns each time that it has few vectors. How many are
/// enough is for the caller to say: while this lives, OPQ trains one that says nothing.
class QuietOpq {
  public:
    explicit QuietOpq(faiss::Index& index) {
        auto* transformed = dynamic_cast<faiss::IndexPreTransform*>(&index);
        if (transformed == nullptr) {
            return;
        }
        for (auto* transform : transformed->chain) {
            if (auto* opq = dynamic_cast<faiss::OPQMatrix*>(transform)) {
                quantizers_.push_back(std::make_unique<faiss::ProductQuantizer>(opq->d_out, opq->M, 8));
                quantizers_.back()->cp.min_points_per_centroid = 1;
                opq->pq = quantizers_.back().get();
                matrices_.push_back(opq);
            }
        }
    }
    ~QuietOpq() {
        for (auto* opq : matrices_) {
            opq->pq = nullptr;
        }
    }
    QuietOpq(const QuietOpq&) = delete;
    QuietOpq& operator=(const QuietOpq&) = delete;

  private:
    std::vector<std::unique_ptr<faiss::ProductQuantizer>> quantizers_;
    std::vector<faiss::OPQMatrix*> matrices_;
};

/// A PCA at the front learns from vectors around the origin: FAISS takes the mean from the sum of products, where large ones leave nothing.
void trainCentred(faiss::Index& index, const float* x, size_t n) {
    auto* transformed = dynamic_cast<faiss::IndexPreTransform*>(&index);
    auto* pca = transformed == nullptr || transformed->chain.empty() ? nullptr : dynamic_cast<faiss::PCAMatrix*>(transformed->chain[0]);
    if (pca == nullptr) {
        index.train(n, x);
        return;
    }
    const size_t d = index.d;
    std::vector<double> mean(d);
    for (size_t i = 0; i < n * d; i++) {
        mean[i % d] += static_cast<double>(x[i]) / n;
    }
    std::vector<float> centred(n * d);
    for (size_t i = 0; i < n * d; i++) {
        centred[i] = static_cast<float>(x[i] - mean[i % d]);
    }
    index.train(n, centred.data());
    for (size_t j = 0; j < d; j++) {
        pca->mean[j] = static_cast<float>(pca->mean[j] + mean[j]);
    }
    pca->prepare_Ab();
}

/// Training fills a coarse quantizer that is a graph: with the insertion of ours instead.
void relinkQuantizer(faiss::Index& index) {
    auto* ivf = dynamic_cast<faiss::IndexIVF*>(&innermost(index));
    auto* hnsw = ivf == nullptr ? nullptr : dynamic_cast<faiss::IndexHNSW*>(ivf->quantizer);
    if (hnsw == nullptr) {
        return;
    }
    const auto n = static_cast<size_t>(hnsw->ntotal);
    std::vector<float> centroids(n * hnsw->d);
    hnsw->storage->reconstruct_n(0, n, centroids.data());
    hnsw->reset();
    addToGraph(*hnsw, n, centroids.data());
}

} // namespace

void addVectors(faiss::Index& index, const float* x, size_t n, const int64_t* ids, int threads, float* errors) {
    if (n == 0) {
        return;
    }
    requireTrained(index);
    requireFinite(x, n, index.d);
    faiss::Index& inner = innermost(index);
    const bool positionsAreInt32 = dynamic_cast<faiss::IndexIVF*>(&inner) == nullptr;
    if (positionsAreInt32 && static_cast<size_t>(index.ntotal) + n > static_cast<size_t>(std::numeric_limits<int32_t>::max())) {
        throw rangeError("an index holds at most 2147483647 vectors");
    }
    const Cores cores(threads > 0 ? threads : threadsForAdd(inner, n));
    if (ids == nullptr) {
        if (dynamic_cast<faiss::IndexIDMap*>(&index) != nullptr) {
            throw unsupported(className(index) + " takes vectors with their ids: use addWithIds");
        }
        addTo(index, x, n, nullptr, errors);
        return;
    }
    if (dynamic_cast<faiss::IndexIDMap*>(&index) == nullptr && dynamic_cast<faiss::IndexIVF*>(&inner) == nullptr) {
        throw unsupported(className(index) + " numbers its vectors itself: use add, or put IDMap, in front of the factory string");
    }
    addTo(index, x, n, ids, errors);
}

void trainIndex(faiss::Index& index, const float* x, size_t n, int threads) {
    requireFinite(x, n, index.d);
    if (index.ntotal > 0) {
        throw rangeError("an index that holds vectors cannot be trained again: make a new one or reset it");
    }
    const size_t needed = vectorsToTrain(index);
    if (n < needed) {
        throw rangeError(className(index) + " needs at least " + std::to_string(needed) + " vectors to train, not " + std::to_string(n));
    }
    const Cores cores(threads > 0 ? threads : coreCount());
    const QuietOpq quiet(index);
    trainCentred(index, x, n);
    relinkQuantizer(index);
}

size_t removeIds(faiss::Index& index, const int64_t* ids, size_t n) {
    if (!abilities(index).remove) {
        throw unsupported(className(index) + " cannot remove vectors");
    }
    const Cores cores(1);
    return n == 0 ? 0 : index.remove_ids(faiss::IDSelectorBatch(n, ids));
}

void setParameter(faiss::Index& index, const char* name, int value) {
    faiss::Index& inner = innermost(index);
    auto* hnsw = dynamic_cast<faiss::IndexHNSW*>(&inner);
    auto* ivf = dynamic_cast<faiss::IndexIVF*>(&inner);
    if (hnsw != nullptr && std::strcmp(name, "efSearch") == 0) {
        hnsw->hnsw.efSearch = value;
    } else if (hnsw != nullptr && std::strcmp(name, "efConstruction") == 0) {
        hnsw->hnsw.efConstruction = value;
    } else if (ivf != nullptr && std::strcmp(name, "nprobe") == 0) {
        ivf->nprobe = std::min<size_t>(value, ivf->nlist);
    } else {
        throw unsupported(className(index) + " has no parameter " + name);
    }
}

} // namespace voisin
