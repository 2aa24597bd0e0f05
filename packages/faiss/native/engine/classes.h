// What an index is, and what its class can do.
#pragma once

#include <faiss/Index.h>
#include <faiss/IndexFlat.h>

#include <string>

#include "kernels/rows.h"

namespace voisin {

struct Abilities {
    bool selector;
    bool rangeSearch;
    bool remove;
};

/// FAISS's name of the class: "IndexHNSWFlat".
std::string className(const faiss::Index& index);

Abilities abilities(const faiss::Index& index);

/// The plain vectors of a Flat index or of an HNSW graph over one; null for every other.
const faiss::IndexFlat* flatStorage(const faiss::Index& index);

Metric metricOf(const faiss::Index& index);

/// Bytes held: vectors or codes, ids, graph links, centroids and tables, with the room that vectors keep for growth.
size_t memoryBytes(const faiss::Index& index);

} // namespace voisin
