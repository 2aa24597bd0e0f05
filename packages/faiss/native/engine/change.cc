// Adds, training and removal.
#include "engine/change.h"

#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/impl/IDSelector.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "engine/classes.h"
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

} // namespace

void addVectors(faiss::Index& index, const float* x, size_t n, const int64_t* ids, int threads) {
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
        index.add(n, x);
        return;
    }
    if (dynamic_cast<faiss::IndexIDMap*>(&index) == nullptr && dynamic_cast<faiss::IndexIVF*>(&inner) == nullptr) {
        throw unsupported(className(index) + " numbers its vectors itself: use add, or put IDMap, in front of the factory string");
    }
    index.add_with_ids(n, x, ids);
}

void trainIndex(faiss::Index& index, const float* x, size_t n, int threads) {
    requireFinite(x, n, index.d);
    if (index.ntotal > 0) {
        throw rangeError("an index that holds vectors cannot be trained again: make a new one or reset it");
    }
    const Cores cores(threads > 0 ? threads : coreCount());
    index.train(n, x);
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
