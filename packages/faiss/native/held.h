// An index as JavaScript holds it.
#pragma once

#include <faiss/Index.h>

#include <atomic>
#include <memory>

#include "engine/classes.h"
#include "engine/hnsw_links.h"
#include "run/gate.h"

namespace voisin {

/// `index` is touched only inside the gate. What JavaScript may ask at any time is kept beside it and renewed after every change.
struct Held {
    explicit Held(std::unique_ptr<faiss::Index> made) : index(std::move(made)), isLinkedHere(voisin::isLinkedHere(*index)) {
        publish();
    }

    void publish() {
        ntotal = index->ntotal;
        isTrained = index->is_trained;
        memory = memoryBytes(*index);
    }

    std::unique_ptr<faiss::Index> index;
    /// Of a graph: every vector is reached. As it was when it was made or read; what is added since is linked here.
    const bool isLinkedHere;
    const std::shared_ptr<Gate> gate = std::make_shared<Gate>();
    std::atomic<int64_t> ntotal{0};
    std::atomic<bool> isTrained{false};
    std::atomic<size_t> memory{0};
};

} // namespace voisin
