// Adding to an HNSW graph.
#include "engine/hnsw_insert.h"

#include <faiss/utils/distances.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/hnsw_links.h"
#include "engine/hnsw_places.h"
#include "engine/hnsw_select.h"
#include "engine/row_distances.h"
#include "engine/visited.h"

namespace voisin {
namespace {

constexpr int maxStepsToParent = 4096;

/// Locks for the lists of all nodes, a few hundred nodes to each.
class Locks {
  public:
    std::mutex& of(int32_t node) {
        return locks_[static_cast<uint32_t>(node) % locks_.size()];
    }

  private:
    std::array<std::mutex, 1024> locks_;
};

/// Products in the place of distances: the larger, the nearer.
template <class Distances>
struct ByProduct {
    const Distances& distances;

    void between(int32_t node, const int32_t* nodes, size_t n, float* out) const {
        distances.products(node, nodes, n, out);
        for (size_t i = 0; i < n; i++) {
            out[i] = -out[i];
        }
    }
};

/// One thread's insertions.
template <class Distances>
class Inserter {
  public:
    Inserter(faiss::HNSW& graph, Distances distances, Locks& locks, std::mutex& entryLock, size_t ntotal, bool byProducts)
            : graph_(graph),
              distances_(std::move(distances)),
              selection_(distances_),
              productsBetween_{distances_},
              products_(productsBetween_),
              visited_(Visited::ofThisThread(ntotal)),
              locks_(locks),
              entryLock_(entryLock),
              ef_(std::max(1, graph.efConstruction)),
              byProducts_(byProducts) {
        const int most = graph.cum_nneighbor_per_level.back();
        ids_.resize(most + 1);
        keys_.resize(most + 1);
        // A copy needs its parent, itself and room for two more.
        takesCopies_ = graph.nb_neighbors(0) >= 4;
    }

    void insert(int32_t node) {
        const int top = graph_.levels[node] - 1;
        Near nearest{0, -1};
        int highest = 0;
        {
            const std::lock_guard<std::mutex> lock(entryLock_);
            nearest.id = graph_.entry_point;
            highest = graph_.max_level;
            if (nearest.id < 0) {
                graph_.entry_point = node;
                graph_.max_level = top;
                return;
            }
        }
        distances_.from(node);
        distances_.toRows(&nearest.id, 1, &nearest.distance);
        int level = highest;
        for (; level > top; level--) {
            descend(level, nearest);
        }
        if (nearest.distance == 0 && takesCopies_) {
            addCopy(nearest.id, node);
            return;
        }
        links_.resize(level + 1);
        int linked = level;
        for (; level >= 0; level--) {
            const Near start = nearest;
            explore(level, start);
            if (level == 0 && highest > 0 && isCrowded()) {
                exploreElsewhere(start);
            }
            nearest = found_.front();
            if (nearest.distance == 0 && takesCopies_) {
                addCopy(nearest.id, node);
                return;
            }
            if (level > 0 && found_.size() > 1 && nearest.distance * samePlaceRatio < found_[1].distance) {
                // The upper levels are a map of the whole: one node of each place is enough.
                linked = level - 1;
                continue;
            }
            chooseLinks(node, level, links_[level]);
            if (level == 0 && byProducts_) {
                addLinksByProduct(node, links_[0]);
            }
        }
        // From below: a node that is seen on an upper level can be walked down from.
        linkLowest(node, links_[0]);
        for (level = 1; level <= linked; level++) {
            setLinks(node, level, links_[level]);
            for (const Near& near : links_[level]) {
                addLink(near.id, {near.distance, node}, level);
            }
        }
        if (top > highest && linked == highest) {
            const std::lock_guard<std::mutex> lock(entryLock_);
            if (top > graph_.max_level) {
                graph_.max_level = top;
                graph_.entry_point = node;
            }
        }
    }

  private:
    /// Goes to the nearest neighbour on one level until none is nearer.
    void descend(int level, Near& nearest) {
        for (;;) {
            const int32_t before = nearest.id;
            const size_t n = collect(before, level, false);
            distances_.toRows(ids_.data(), n, keys_.data());
            for (size_t i = 0; i < n; i++) {
                if (keys_[i] < nearest.distance) {
                    nearest = {keys_[i], ids_[i]};
                }
            }
            if (nearest.id == before) {
                return;
            }
        }
    }

    /// Puts the neighbours of a node in ids_, where asked only those not seen before.
    size_t collect(int32_t node, int level, bool unseenOnly) {
        const LinkList list(graph_, node, level);
        size_t n = 0;
        for (size_t i = 0; i < list.capacity; i++) {
            const int32_t id = list.at(i);
            if (id < 0 || id == node) {
                break;
            }
            if (!unseenOnly || visited_.add(id)) {
                distances_.prefetch(id);
                ids_[n++] = id;
            }
        }
        return n;
    }

    /// Fills found_ with the efConstruction nearest that a walk from `start` comes to, nearest first, and seen_ with all others.
    void explore(int level, const Near& start) {
        visited_.next();
        visited_.add(start.id);
        found_.assign(1, start);
        gone_.assign(1, false);
        seen_.clear();
        goOn(level);
    }

    void goOn(int level) {
        for (size_t next = 0; next < found_.size();) {
            gone_[next] = true;
            const size_t n = collect(found_[next].id, level, true);
            distances_.toRows(ids_.data(), n, keys_.data());
            for (size_t i = 0; i < n; i++) {
                const size_t at = offer({keys_[i], ids_[i]});
                next = std::min(next, at);
            }
            while (next < found_.size() && gone_[next]) {
                next++;
            }
        }
    }

    bool isCrowded() {
        ids_.resize(std::max(ids_.size(), found_.size()));
        for (size_t i = 0; i < found_.size(); i++) {
            ids_[i] = found_[i].id;
        }
        const auto distance = [&](int32_t id) {
            float out;
            distances_.toRows(&id, 1, &out);
            return out;
        };
        const auto between = [&](int32_t a, int32_t b) {
            float out;
            distances_.between(a, &b, 1, &out);
            return out;
        };
        return found_.size() == ef_ && areFewPlaces(ids_.data(), found_.size(), distance, between);
    }

    /// Adds to found_ what walks from the nearest of the level above find, without what was seen so far, until it is of many places.
    void exploreElsewhere(const Near& start) {
        const auto measure = [&](const int32_t* ids, size_t n, float* keys) { distances_.toRows(ids, n, keys); };
        const std::vector<Near> places = nearestOnLevel(graph_, 1, start, ef_, measure);
        std::vector<Near> all = found_;
        bool isMore = true;
        for (int walks = 0; walks < maxWalksElsewhere && isMore; walks++) {
            found_.clear();
            gone_.clear();
            for (const Near& near : places) {
                if (visited_.add(near.id)) {
                    offer(near);
                }
            }
            goOn(0);
            isMore = isCrowded();
            all.insert(all.end(), found_.begin(), found_.end());
        }
        std::sort(all.begin(), all.end());
        found_ = std::move(all);
    }

    /// Where it is put.
    size_t offer(const Near& near) {
        if (found_.size() == ef_) {
            if (!(near.distance < found_.back().distance)) {
                seen_.push_back(near);
                return found_.size();
            }
            seen_.push_back(found_.back());
            found_.pop_back();
            gone_.pop_back();
        }
        const auto at = std::upper_bound(
                found_.begin(), found_.end(), near.distance, [](float value, const Near& entry) { return value < entry.distance; });
        const size_t position = at - found_.begin();
        found_.insert(at, near);
        gone_.insert(gone_.begin() + position, false);
        return position;
    }

    /// Out of what `explore` found.
    void chooseLinks(int32_t node, int level, std::vector<Near>& links) {
        const size_t capacity = graph_.cum_nneighbor_per_level[level + 1] - graph_.cum_nneighbor_per_level[level];
        const float border = found_.back().distance * farRatio;
        far_.clear();
        if (found_.size() >= ef_) {
            for (const Near& near : seen_) {
                if (near.distance > border) {
                    far_.push_back(near);
                }
            }
        }
        const size_t forFar = far_.empty() ? 0 : selection_.farLinks(capacity);
        if (found_.size() < capacity - forFar) {
            links = found_;
        } else {
            selection_.choosePart(found_, 0, found_.size(), capacity - forFar, links);
        }
        if (!far_.empty()) {
            std::sort(far_.begin(), far_.end());
            selection_.chooseFar(node, far_, 0, forFar, chosen_);
            links.insert(links.end(), chosen_.begin(), chosen_.end());
        }
    }

    /// The nearest by distance say little of which vectors have large products with a query: those are the long ones, which lie apart from
    /// all others. So half of the links go to where the products are largest.
    void addLinksByProduct(int32_t node, std::vector<Near>& links) {
        const size_t capacity = graph_.nb_neighbors(0);
        exploreByProduct(node, found_.front().id);
        products_.chooseAll(byProduct_, capacity / 2, chosen_);
        std::vector<Near> added;
        for (Near near : chosen_) {
            if (std::none_of(links.begin(), links.end(), [&](const Near& link) { return link.id == near.id; })) {
                distances_.toRows(&near.id, 1, &near.distance);
                added.push_back(near);
            }
        }
        links.resize(std::min(links.size(), capacity - added.size()));
        links.insert(links.end(), added.begin(), added.end());
    }

    /// Fills byProduct_ with nodes that have large products with the node, the largest first. Their `distance` is the product's opposite.
    void exploreByProduct(int32_t node, int32_t start) {
        std::vector<char> gone{0};
        float product;
        distances_.products(node, &start, 1, &product);
        byProduct_.assign(1, {-product, start});
        visited_.next();
        visited_.add(start);
        for (size_t next = 0; next < byProduct_.size();) {
            gone[next] = true;
            const size_t n = collect(byProduct_[next].id, 0, true);
            distances_.products(node, ids_.data(), n, keys_.data());
            for (size_t i = 0; i < n; i++) {
                const Near near{-keys_[i], ids_[i]};
                const auto at = std::lower_bound(byProduct_.begin(), byProduct_.end(), near) - byProduct_.begin();
                if (static_cast<size_t>(at) < ef_) {
                    byProduct_.insert(byProduct_.begin() + at, near);
                    gone.insert(gone.begin() + at, false);
                    next = std::min<size_t>(next, at);
                }
            }
            byProduct_.resize(std::min(byProduct_.size(), ef_));
            gone.resize(byProduct_.size());
            while (next < gone.size() && gone[next]) {
                next++;
            }
        }
    }

    /// Those of a list that are there for their products stay.
    void fixByProduct(int32_t node, const std::vector<int32_t>& ids, size_t room, std::vector<Near>& candidates) {
        std::vector<int32_t> all = ids;
        if (candidates.size() > all.size()) {
            all.push_back(candidates.back().id);
        }
        std::vector<float> products(all.size());
        distances_.products(node, all.data(), all.size(), products.data());
        byProduct_.clear();
        for (size_t i = 0; i < all.size(); i++) {
            byProduct_.push_back({-products[i], all[i]});
        }
        std::sort(byProduct_.begin(), byProduct_.end());
        products_.chooseAll(byProduct_, room / 2, chosen_);
        for (Near& candidate : candidates) {
            candidate.isFixed |= std::any_of(chosen_.begin(), chosen_.end(), [&](const Near& near) { return near.id == candidate.id; });
        }
    }

    void setLinks(int32_t node, int level, const std::vector<Near>& links) {
        const LinkList list(graph_, node, level);
        for (size_t i = 0; i < links.size(); i++) {
            list.set(i, links[i].id);
        }
    }

    /// Nobody sees the node until its parent links to it.
    void linkLowest(int32_t node, std::vector<Near>& links) {
        for (const Near& near : found_) {
            if (tryParent(near, node, links)) {
                break;
            }
        }
        if (LinkList(graph_, node, 0).at(0) < 0) {
            parentBelow(node, links);
        }
        for (size_t i = 1; i < links.size(); i++) {
            addLink(links[i].id, {links[i].distance, node}, 0);
        }
    }

    /// Makes `near` the node's parent, first of its links; false when it has as many children as it may have.
    bool tryParent(const Near& near, int32_t node, std::vector<Near>& links) {
        const std::lock_guard<std::mutex> lock(locks_.of(near.id));
        const LinkList list(graph_, near.id, 0);
        const size_t n = list.neighbours(near.id);
        if (n > list.capacity * 3 / 8 && countFixed(near.id, list, n) >= list.capacity * 3 / 8) {
            return false;
        }
        const auto at = std::find_if(links.begin(), links.end(), [&](const Near& link) { return link.id == near.id; });
        if (at != links.end()) {
            std::rotate(links.begin(), at, at + 1);
        } else {
            if (links.size() == list.capacity) {
                links.pop_back();
            }
            links.insert(links.begin(), near);
        }
        setLinks(node, 0, links);
        addLocked(near.id, {near.distance, node, true}, 0);
        return true;
    }

    /// Every candidate has its fill of children: one of their children has not, or one of its children. (In a graph of FAISS's there are no
    /// parents to go by: after some steps the node is linked as FAISS would.)
    void parentBelow(int32_t node, std::vector<Near>& links) {
        Near near = found_.front();
        size_t turn = static_cast<uint32_t>(node);
        for (int step = 0; step < maxStepsToParent; step++) {
            turn = turn * 31 + 7;
            const LinkList list(graph_, near.id, 0);
            std::vector<int32_t> children;
            const size_t n = list.neighbours(near.id);
            for (size_t i = 0; i < n; i++) {
                const int32_t child = list.at(i);
                if (child >= 0 && LinkList(graph_, child, 0).at(0) == near.id && child != list.at(0)) {
                    children.push_back(child);
                }
            }
            near.id = children.empty() ? graph_.entry_point : children[turn % children.size()];
            distances_.toRows(&near.id, 1, &near.distance);
            if (tryParent(near, node, links)) {
                return;
            }
        }
        setLinks(node, 0, links);
        addLink(links[0].id, {links[0].distance, node}, 0);
    }

    size_t countFixed(int32_t node, const LinkList& list, size_t n) {
        for (size_t i = 0; i < n; i++) {
            __builtin_prefetch(LinkList(graph_, list.at(i), 0).begin);
        }
        size_t fixed = 1;
        for (size_t i = 1; i < n; i++) {
            fixed += isChild(list.at(i), node);
        }
        return fixed;
    }

    bool isChild(int32_t node, int32_t of) const {
        return LinkList(graph_, node, 0).at(0) == of;
    }

    void addLink(int32_t node, const Near& to, int level) {
        const std::lock_guard<std::mutex> lock(locks_.of(node));
        addLocked(node, to, level);
    }

    void addLocked(int32_t node, const Near& to, int level) {
        const LinkList list(graph_, node, level);
        const size_t n = list.neighbours(node);
        for (size_t i = 0; i < n; i++) {
            if (list.at(i) == to.id) {
                return;
            }
        }
        const size_t size = list.size();
        if (size < list.capacity) {
            // The node's copies, if it has any, move up.
            for (size_t i = size; i > n; i--) {
                list.set(i, list.at(i - 1));
            }
            list.set(n, to.id);
        } else {
            shrink(node, list, n, list.capacity - (size - n), &to, level);
        }
    }

    /// Chooses `room` links out of those to n neighbours and one more.
    void shrink(int32_t node, const LinkList& list, size_t n, size_t room, const Near* more, int level) {
        const size_t size = list.size();
        std::vector<int32_t> ids(n);
        std::vector<int32_t> copies;
        for (size_t i = 0; i < size; i++) {
            if (i < n) {
                ids[i] = list.at(i);
                distances_.prefetch(ids[i]);
                if (level == 0) {
                    __builtin_prefetch(LinkList(graph_, ids[i], 0).begin);
                }
            } else {
                copies.push_back(list.at(i));
            }
        }
        std::vector<float> keys(n);
        distances_.between(node, ids.data(), n, keys.data());
        std::vector<Near> candidates;
        candidates.reserve(n + 1);
        for (size_t i = 0; i < n; i++) {
            candidates.push_back({keys[i], ids[i], level == 0 && (i == 0 || isChild(ids[i], node))});
        }
        if (more != nullptr) {
            candidates.push_back(*more);
        }
        if (byProducts_ && level == 0) {
            fixByProduct(node, ids, room, candidates);
        }
        std::sort(candidates.begin(), candidates.end());
        selection_.choose(node, candidates, room, chosen_);
        size_t at = 0;
        if (level == 0 && n > 0) {
            list.set(at++, ids[0]);
        }
        for (size_t i = 0; i < chosen_.size() && at < room; i++) {
            if (level > 0 || n == 0 || chosen_[i].id != ids[0]) {
                list.set(at++, chosen_[i].id);
            }
        }
        for (const int32_t copy : copies) {
            list.set(at++, copy);
        }
        while (at < size) {
            list.set(at++, -1);
        }
    }

    /// The node is a leaf behind `first`, which has the same values.
    void addCopy(int32_t first, int32_t node) {
        const LinkList own(graph_, node, 0);
        own.set(1, node);
        int32_t parent = first;
        for (uint32_t turn = node;; turn = turn * 31 + 7) {
            const std::lock_guard<std::mutex> lock(locks_.of(parent));
            const LinkList list(graph_, parent, 0);
            const size_t n = list.neighbours(parent);
            size_t size = list.size();
            // One copy is enough for a node with neighbours, which needs its links for them.
            const size_t room = parent == first ? 2 : list.capacity - n;
            if (size - n < room) {
                if (size == n) {
                    if (n + 2 > list.capacity) {
                        shrink(parent, list, n, list.capacity - 2, nullptr, 0);
                        size = list.size();
                    }
                    list.set(size++, parent);
                }
                own.set(0, parent);
                list.set(size, node);
                return;
            }
            parent = list.at(n + 1 + turn % (size - n - 1));
        }
    }

    faiss::HNSW& graph_;
    Distances distances_;
    Selection<Distances> selection_;
    ByProduct<Distances> productsBetween_;
    Selection<ByProduct<Distances>> products_;
    Visited& visited_;
    Locks& locks_;
    std::mutex& entryLock_;
    size_t ef_;
    bool byProducts_;
    bool takesCopies_;
    std::vector<int32_t> ids_;
    std::vector<float> keys_;
    std::vector<Near> found_;
    std::vector<char> gone_;
    std::vector<Near> seen_;
    std::vector<Near> far_;
    std::vector<Near> chosen_;
    std::vector<Near> byProduct_;
    std::vector<std::vector<Near>> links_;
};

/// FAISS's order: the highest levels first, each in a random order that is always the same.
std::vector<std::vector<int32_t>> orderOf(const faiss::HNSW& graph, int32_t first, size_t n) {
    std::vector<std::vector<int32_t>> byLevel;
    for (size_t i = 0; i < n; i++) {
        const size_t level = graph.levels[first + i] - 1;
        if (level >= byLevel.size()) {
            byLevel.resize(level + 1);
        }
        byLevel[level].push_back(static_cast<int32_t>(first + i));
    }
    faiss::RandomGenerator random(789);
    for (size_t level = byLevel.size(); level-- > 0;) {
        auto& nodes = byLevel[level];
        const int size = static_cast<int>(nodes.size());
        for (int i = 0; i < size; i++) {
            std::swap(nodes[i], nodes[i + random.rand_int(size - i)]);
        }
    }
    return byLevel;
}

template <class MakeDistances>
void insertAll(faiss::HNSW& graph, int32_t first, size_t n, bool byProducts, MakeDistances makeDistances) {
    const auto order = orderOf(graph, first, n);
    Locks locks;
    std::mutex entryLock;
    std::exception_ptr failure;
    for (size_t level = order.size(); level-- > 0;) {
        const auto& nodes = order[level];
        std::atomic<size_t> next{0};
#pragma omp parallel if (nodes.size() > 100)
        {
            // An exception must not leave the region.
            try {
                Inserter inserter(graph, makeDistances(), locks, entryLock, first + n, byProducts);
                for (size_t i = next++; i < nodes.size(); i = next++) {
                    inserter.insert(nodes[i]);
                }
            } catch (...) {
#pragma omp critical
                failure = std::current_exception();
                next = nodes.size();
            }
        }
        if (failure) {
            std::rethrow_exception(failure);
        }
    }
}

/// Vectors of one length are as near by product as by distance.
bool haveOneLength(const float* x, size_t n, size_t d) {
    constexpr float tolerance = 1e-3f;
    const float first = faiss::fvec_norm_L2sqr(x, d);
    for (size_t i = 1; i < n; i++) {
        if (std::abs(faiss::fvec_norm_L2sqr(x + i * d, d) - first) > tolerance * first) {
            return false;
        }
    }
    return std::abs(first - 1) <= tolerance;
}

} // namespace

void addToGraph(faiss::IndexHNSW& index, size_t n, const float* x) {
    const bool byProducts = index.metric_type == faiss::METRIC_INNER_PRODUCT && !haveOneLength(x, n, index.d);
    const auto first = static_cast<int32_t>(index.ntotal);
    index.storage->add(n, x);
    index.ntotal = index.storage->ntotal;
    index.hnsw.prepare_level_tab(n, false);
    if (const auto* flat = dynamic_cast<const faiss::IndexFlat*>(index.storage)) {
        insertAll(index.hnsw, first, n, byProducts, [&] { return FlatRowDistances(*flat); });
    } else {
        insertAll(index.hnsw, first, n, byProducts, [&] { return CodeRowDistances(*index.storage); });
    }
}

} // namespace voisin
