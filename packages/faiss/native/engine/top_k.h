// The k nearest so far.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "kernels/rows.h"

namespace voisin {

/// Keeps the k smallest keys. Of equal keys the lower label is nearer, so results do not depend on the order of the work.
class TopK {
  public:
    explicit TopK(size_t k) : k_(k) {
        heap_.reserve(k);
    }

    /// A squared distance is its own key; of products, the largest is nearest.
    static float key(Metric metric, float distance) {
        return metric == Metric::l2 ? distance : -distance;
    }

    size_t size() const {
        return heap_.size();
    }

    /// Keys above it cannot enter.
    float limit() const {
        return heap_.size() < k_ ? std::numeric_limits<float>::infinity() : heap_.front().first;
    }

    /// Whether a key may enter: a quick look before `push`.
    bool wants(float key) const {
        return heap_.size() < k_ || key <= heap_.front().first;
    }

    /// Whether a key takes part whatever its label.
    bool wantsMore(float key) const {
        return heap_.size() < k_ || key < heap_.front().first;
    }

    void push(float key, int64_t label) {
        // Not a number: an overflowed product. It is nobody's neighbour.
        if (key != key) {
            return;
        }
        const Entry entry{key, label};
        if (heap_.size() < k_) {
            heap_.push_back(entry);
            std::push_heap(heap_.begin(), heap_.end());
        } else if (entry < heap_.front()) {
            std::pop_heap(heap_.begin(), heap_.end());
            heap_.back() = entry;
            std::push_heap(heap_.begin(), heap_.end());
        }
    }

    void merge(const TopK& other) {
        for (const Entry& entry : other.heap_) {
            push(entry.first, entry.second);
        }
    }

    /// Writes k distances and labels, nearest first, then FAISS's fill: label -1 at the farthest distance. Empties the heap.
    void write(Metric metric, float* distances, int64_t* labels) {
        std::sort_heap(heap_.begin(), heap_.end());
        for (size_t i = 0; i < k_; i++) {
            const bool there = i < heap_.size();
            const float key = there ? heap_[i].first : farthest;
            distances[i] = metric == Metric::l2 ? key : -key;
            labels[i] = there ? heap_[i].second : -1;
        }
        heap_.clear();
    }

    static constexpr float farthest = 3.4028234663852886e38f;

  private:
    using Entry = std::pair<float, int64_t>;
    size_t k_;
    std::vector<Entry> heap_;
};

} // namespace voisin
