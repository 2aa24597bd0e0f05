// What a walk does when vectors that lie close together have taken its places.
#pragma once

#include <faiss/impl/HNSW.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_set>
#include <vector>

#include "engine/hnsw_links.h"
#include "engine/hnsw_select.h"

namespace voisin {

/// Vectors whose squared distance is so many times as small as that to where they are seen from are one place from there.
constexpr float samePlaceRatio = 64;

/// How often a walk begins again elsewhere.
constexpr int maxWalksElsewhere = 8;

/// Whether the nearest that a walk has found, in order of distance, are mostly of one place or of a few: looks at eight pairs of neighbours in
/// that order. `distance(id)` is from the query, `between(a, b)` of two vectors; both squared.
template <class Distance, class Between>
bool areFewPlaces(const int32_t* ids, size_t n, Distance distance, Between between) {
    constexpr size_t pairs = 8;
    if (n < 2 * pairs) {
        return false;
    }
    size_t same = 0;
    for (size_t i = 0; i < pairs && same + pairs >= i + pairs / 2; i++) {
        const size_t at = i * (n - 1) / pairs;
        same += between(ids[at], ids[at + 1]) * samePlaceRatio < distance(ids[at]);
    }
    return same >= pairs / 2;
}

/// The `ef` nearest of an upper level, where every place has one node: other places to go on from. `measure(ids, n, keys)` as in the walk.
template <class Measure>
std::vector<Near> nearestOnLevel(const faiss::HNSW& graph, int level, const Near& start, size_t ef, Measure measure) {
    std::vector<Near> found{start};
    std::vector<int32_t> ids;
    std::vector<float> keys;
    std::unordered_set<int32_t> seen{start.id};
    std::unordered_set<int32_t> gone;
    for (size_t next = 0; next < found.size();) {
        const int32_t node = found[next].id;
        if (!gone.insert(node).second) {
            next++;
            continue;
        }
        const LinkList list(graph, node, level);
        const size_t n = list.neighbours(node);
        ids.clear();
        for (size_t i = 0; i < n; i++) {
            const int32_t id = list.at(i);
            if (id >= 0 && seen.insert(id).second) {
                ids.push_back(id);
            }
        }
        keys.resize(ids.size());
        measure(ids.data(), ids.size(), keys.data());
        for (size_t i = 0; i < ids.size(); i++) {
            found.push_back({keys[i], ids[i]});
        }
        std::sort(found.begin(), found.end());
        found.resize(std::min(found.size(), ef));
        next = 0;
    }
    return found;
}

} // namespace voisin
