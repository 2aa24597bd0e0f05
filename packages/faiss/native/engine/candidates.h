// The vertices that a walk through an HNSW graph has seen and may still go to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace voisin {

struct Candidate {
    float key;
    int32_t id;

    bool operator>(const Candidate& other) const {
        return key > other.key || (key == other.key && id > other.id);
    }
};

/// The `ef` nearest vertices in order of distance, those gone to among them: for a narrow walk in which every vertex is a member.
class NarrowCandidates {
  public:
    explicit NarrowCandidates(size_t ef) : ef_(ef) {
        entries_.reserve(ef + 1);
    }

    void clear() {
        entries_.clear();
        next_ = 0;
        left_ = 0;
    }

    size_t ef() const {
        return ef_;
    }

    /// The nearest in order: how many.
    size_t nearest(int32_t* ids) const {
        std::transform(entries_.begin(), entries_.end(), ids, [](const Candidate& entry) { return entry.id < 0 ? ~entry.id : entry.id; });
        return entries_.size();
    }

    void push(int32_t id, float key, bool) {
        if (entries_.size() == ef_) {
            if (!(key < entries_.back().key)) {
                return;
            }
            entries_.pop_back();
            left_--;
        }
        left_++;
        const auto at = std::upper_bound(entries_.begin(), entries_.end(), key, [](float value, const Candidate& entry) { return value < entry.key; });
        next_ = std::min<size_t>(next_, at - entries_.begin());
        entries_.insert(at, Candidate{key, id});
    }

    /// The nearest vertex not gone to, which counts as gone to from here on; false when all of the `ef` nearest are.
    bool pop(Candidate& nearest) {
        while (next_ < entries_.size() && entries_[next_].id < 0) {
            next_++;
        }
        if (left_ <= 0 || next_ == entries_.size()) {
            return false;
        }
        left_--;
        nearest = entries_[next_];
        entries_[next_].id = ~nearest.id;
        return true;
    }

  private:
    size_t ef_;
    /// Those gone to have the complement of their id.
    std::vector<Candidate> entries_;
    /// Everything before it is gone to.
    size_t next_ = 0;
    /// Those not gone to, but, as in FAISS, each that is pushed out counts as one of them: a walk ends a little sooner for it.
    int64_t left_ = 0;
};

/// The same in heaps, for a wide walk; and for one in which not every vertex is a member: only members count among the `ef` nearest, so that
/// deleted vectors, or those that a filter leaves out, take no place from others.
class WideCandidates {
  public:
    explicit WideCandidates(size_t ef) : ef_(ef) {}

    void clear() {
        ahead_.clear();
        nearest_.clear();
    }

    size_t ef() const {
        return ef_;
    }

    /// The nearest members in order: how many.
    size_t nearest(int32_t* ids) const {
        std::vector<Candidate> sorted = nearest_;
        std::sort(sorted.begin(), sorted.end(), std::greater<>());
        std::transform(sorted.rbegin(), sorted.rend(), ids, [](const Candidate& entry) { return entry.id; });
        return sorted.size();
    }

    void push(int32_t id, float key, bool isMember) {
        if (nearest_.size() == ef_ && !(key < nearest_.front().key)) {
            return;
        }
        ahead_.push_back({key, id});
        std::push_heap(ahead_.begin(), ahead_.end(), std::greater<>());
        if (isMember) {
            count({key, id});
        }
    }

    bool pop(Candidate& nearest) {
        if (ahead_.empty() || (nearest_.size() == ef_ && ahead_.front().key > nearest_.front().key)) {
            return false;
        }
        nearest = ahead_.front();
        std::pop_heap(ahead_.begin(), ahead_.end(), std::greater<>());
        ahead_.pop_back();
        return true;
    }

  private:
    void count(const Candidate& member) {
        if (nearest_.size() == ef_) {
            std::pop_heap(nearest_.begin(), nearest_.end(), nearer);
            nearest_.pop_back();
        }
        nearest_.push_back(member);
        std::push_heap(nearest_.begin(), nearest_.end(), nearer);
    }

    static bool nearer(const Candidate& a, const Candidate& b) {
        return b > a;
    }

    size_t ef_;
    std::vector<Candidate> ahead_;
    std::vector<Candidate> nearest_;
};

} // namespace voisin
