// An index as JavaScript holds it.
#pragma once

#include <faiss/Index.h>

#include <atomic>
#include <memory>

#include "engine/classes.h"
#include "run/gate.h"

namespace voisin {

/// `index` is touched only inside the gate. What JavaScript may ask at any time is kept beside it and renewed after every change.
struct Held {
    explicit Held(std::unique_ptr<faiss::Index> made) : index(std::move(made)) {
        publish();
    }

    void publish() {
        ntotal = index->ntotal;
        isTrained = index->is_trained;
        memory = memoryBytes(*index);
    }

    std::unique_ptr<faiss::Index> index;
    const std::shared_ptr<Gate> gate = std::make_shared<Gate>();
    std::atomic<int64_t> ntotal{0};
    std::atomic<bool> isTrained{false};
    std::atomic<size_t> memory{0};
};

} // namespace voisin
