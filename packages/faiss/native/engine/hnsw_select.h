// Which of the nodes at hand a node of an HNSW graph links to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace voisin {

struct Near {
    float distance;
    int32_t id;
    /// Must stay: the tree of parents hangs on it.
    bool isFixed = false;

    bool operator<(const Near& other) const {
        return distance < other.distance || (distance == other.distance && id < other.id);
    }
};

/// Squared distances that are so many times as large as those of the neighbourhood: another neighbourhood.
constexpr float farRatio = 16;

/// FAISS's rule: a node is left out when it is nearer to one that is linked already, through which it will be reached. `between(id, ids, n, out)`
/// gives distances between nodes.
template <class Distances>
class Selection {
  public:
    explicit Selection(const Distances& distances) : distances_(distances) {}

    /// Links of `node` for a list of `limit`, out of candidates in order of distance, fixed ones among them.
    ///
    /// Where many vectors lie so close together that seen from here they are one place, and others far away, the near ones would take every
    /// link, and each of the far ones is a little nearer to one of them: the place would have no way out. So a quarter of the list is for
    /// the far ones, and near ones do not stand for them.
    void choose(int32_t node, const std::vector<Near>& candidates, size_t limit, std::vector<Near>& chosen) {
        const size_t n = candidates.size();
        const size_t far = n == 0 ? 0 : firstFar(candidates);
        if (far == n) {
            choosePart(candidates, 0, n, limit, chosen);
            return;
        }
        const auto fixed = std::count_if(candidates.begin(), candidates.begin() + far, [](const Near& near) { return near.isFixed; });
        chooseFar(node, candidates, far, std::min<size_t>(farLinks(limit), limit - std::min<size_t>(limit, fixed)), far_);
        choosePart(candidates, 0, far, limit - std::min(limit, far_.size()), chosen);
        chosen.insert(chosen.end(), far_.begin(), far_.end());
    }

    static size_t farLinks(size_t limit) {
        return std::max<size_t>(1, limit / 4);
    }

    /// Half of the far links by the rule, the rest at random: the nodes of one place then have many ways out between them, not the same few.
    void chooseFar(int32_t node, const std::vector<Near>& candidates, size_t first, size_t limit, std::vector<Near>& chosen) {
        choosePart(candidates, first, candidates.size(), (limit + 1) / 2, chosen);
        others_.clear();
        for (size_t i = first; i < candidates.size(); i++) {
            const int32_t id = candidates[i].id;
            if (std::none_of(chosen.begin(), chosen.end(), [&](const Near& near) { return near.id == id; })) {
                others_.push_back({mixed(node, id), i});
            }
        }
        const size_t more = std::min(others_.size(), limit - std::min(limit, chosen.size()));
        std::partial_sort(others_.begin(), others_.begin() + more, others_.end());
        for (size_t i = 0; i < more; i++) {
            chosen.push_back(candidates[others_[i].second]);
        }
    }

    /// The same without a look at what is far.
    void chooseAll(const std::vector<Near>& candidates, size_t limit, std::vector<Near>& chosen) {
        choosePart(candidates, 0, candidates.size(), limit, chosen);
    }

    /// The same out of some of the candidates.
    void choosePart(const std::vector<Near>& candidates, size_t first, size_t last, size_t limit, std::vector<Near>& chosen) {
        chosen.clear();
        ids_.clear();
        size_t fixed = std::count_if(candidates.begin() + first, candidates.begin() + last, [](const Near& near) { return near.isFixed; });
        for (size_t i = first; i < last && chosen.size() < std::max(limit, chosen.size() + fixed); i++) {
            const Near& near = candidates[i];
            const bool isReached = isNearerToAnother(near);
            if (near.isFixed) {
                fixed--;
            } else if (isReached || chosen.size() + fixed >= limit) {
                continue;
            }
            chosen.push_back(near);
            // What would have been left out stands for nothing else.
            if (!isReached) {
                ids_.push_back(near.id);
            }
        }
    }

    static size_t firstFar(const std::vector<Near>& candidates) {
        const float border = candidates[candidates.size() / 2].distance * farRatio;
        const auto after = std::upper_bound(
                candidates.begin(), candidates.end(), border, [](float value, const Near& near) { return value < near.distance; });
        return after - candidates.begin();
    }

  private:
    /// A number that looks random and is always the same for two nodes.
    static uint32_t mixed(int32_t node, int32_t id) {
        uint32_t bits = static_cast<uint32_t>(node) * 0x9e3779b1U ^ static_cast<uint32_t>(id) * 0x85ebca77U;
        bits ^= bits >> 15;
        bits *= 0xc2b2ae3dU;
        return bits ^ bits >> 13;
    }

    bool isNearerToAnother(const Near& near) {
        constexpr size_t step = 4;
        float between[step];
        for (size_t i = 0; i < ids_.size(); i += step) {
            const size_t n = std::min(step, ids_.size() - i);
            distances_.between(near.id, ids_.data() + i, n, between);
            for (size_t j = 0; j < n; j++) {
                if (between[j] < near.distance) {
                    return true;
                }
            }
        }
        return false;
    }

    const Distances& distances_;
    std::vector<int32_t> ids_;
    std::vector<Near> far_;
    std::vector<std::pair<uint32_t, size_t>> others_;
};

} // namespace voisin
