// What an index is, and what its class can do.
#include "engine/classes.h"

#include <cxxabi.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/IndexScalarQuantizer.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

namespace voisin {

std::string className(const faiss::Index& index) {
    // The factory makes the base class, the reader the class of the metric: they are the same thing.
    if (typeid(index) == typeid(faiss::IndexFlat)) {
        return index.metric_type == faiss::METRIC_L2 ? "IndexFlatL2" : "IndexFlatIP";
    }
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(typeid(index).name(), nullptr, nullptr, &status), std::free);
    const std::string full = status == 0 ? name.get() : typeid(index).name();
    return full.substr(full.rfind(':') == std::string::npos ? 0 : full.rfind(':') + 1);
}

Abilities abilities(const faiss::Index& index) {
    if (const auto* transformed = dynamic_cast<const faiss::IndexPreTransform*>(&index)) {
        return abilities(*transformed->index);
    }
    if (const auto* mapped = dynamic_cast<const faiss::IndexIDMap*>(&index)) {
        const Abilities inner = abilities(*mapped->index);
        return {false, inner.rangeSearch, inner.remove};
    }
    if (dynamic_cast<const faiss::IndexHNSW*>(&index) != nullptr) {
        return {true, false, false};
    }
    if (dynamic_cast<const faiss::IndexIVF*>(&index) != nullptr || dynamic_cast<const faiss::IndexFlat*>(&index) != nullptr) {
        return {true, true, true};
    }
    if (dynamic_cast<const faiss::IndexScalarQuantizer*>(&index) != nullptr) {
        return {true, false, true};
    }
    return {false, false, dynamic_cast<const faiss::IndexFlatCodes*>(&index) != nullptr};
}

const faiss::IndexFlat* flatStorage(const faiss::Index& index) {
    if (const auto* hnsw = dynamic_cast<const faiss::IndexHNSW*>(&index)) {
        return dynamic_cast<const faiss::IndexFlat*>(hnsw->storage);
    }
    return dynamic_cast<const faiss::IndexFlat*>(&index);
}

Metric metricOf(const faiss::Index& index) {
    return index.metric_type == faiss::METRIC_L2 ? Metric::l2 : Metric::ip;
}

} // namespace voisin
