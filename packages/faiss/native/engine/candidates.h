// The vertices that a walk through an HNSW graph has seen and may still go to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace voisin {

/// At most `room` vertices in order of distance, those gone to among them: FAISS's MinimaxHeap as a sorted array.
class Candidates {
  public:
    explicit Candidates(size_t room) : room_(room) {
        entries_.reserve(room + 1);
    }

    void clear() {
        entries_.clear();
        next_ = 0;
        left_ = 0;
    }

    /// Whether there is one to go to. As in FAISS, one that is pushed out for lack of room counts as left even if it was gone to.
    bool any() const {
        return left_ > 0 && next_ < entries_.size();
    }

    void push(int32_t id, float key) {
        if (entries_.size() == room_) {
            if (!(key < entries_.back().key)) {
                return;
            }
            entries_.pop_back();
            left_--;
        }
        const auto at = std::upper_bound(entries_.begin(), entries_.end(), key, [](float value, const Entry& entry) { return value < entry.key; });
        const size_t position = at - entries_.begin();
        entries_.insert(at, Entry{key, id});
        next_ = std::min(next_, position);
        left_++;
    }

    /// The nearest vertex not gone to, which counts as gone to from here on.
    std::pair<int32_t, float> popNearest() {
        Entry& entry = entries_[next_];
        const std::pair<int32_t, float> nearest{entry.id, entry.key};
        entry.id = gone;
        left_--;
        while (next_ < entries_.size() && entries_[next_].id == gone) {
            next_++;
        }
        return nearest;
    }

    size_t countBelow(float key) const {
        const auto at = std::lower_bound(entries_.begin(), entries_.end(), key, [](const Entry& entry, float value) { return entry.key < value; });
        return at - entries_.begin();
    }

  private:
    static constexpr int32_t gone = -1;
    struct Entry {
        float key;
        int32_t id;
    };
    size_t room_;
    std::vector<Entry> entries_;
    /// Everything before it is gone to.
    size_t next_ = 0;
    int64_t left_ = 0;
};

} // namespace voisin
