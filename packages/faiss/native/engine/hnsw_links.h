// How the links of a graph of ours lie in FAISS's lists.
#pragma once

#include <faiss/Index.h>
#include <faiss/impl/HNSW.h>

#include <cstddef>
#include <cstdint>

namespace voisin {

/// On the lowest level, FAISS's list of a node's links has an order here:
///
///     parent, other neighbours ..., the node itself, its copies ..., -1 ...
///
/// - The first link is the parent: a node that was linked before. A parent never drops its link to a child, so the parents make a tree
///   through which every node is reached. The first node of all has its first child there.
/// - Behind the node's own number are its copies: nodes of the same values. They are leaves: only the first of equal vectors has
///   neighbours, or the links of many copies would all lead to one another. A copy's list is its parent, itself, and further copies.
///
/// FAISS sees links like others, and one that leads nowhere new. On the upper levels lists have neighbours only, and there are no copies.
struct LinkList {
    int32_t* begin;
    size_t capacity;

    LinkList(const faiss::HNSW& graph, int32_t node, int level)
            : begin(const_cast<int32_t*>(graph.neighbors.data()) + graph.offsets[node] + graph.cum_nneighbor_per_level[level]),
              capacity(graph.cum_nneighbor_per_level[level + 1] - graph.cum_nneighbor_per_level[level]) {}

    /// Lists are read while other threads write them: each number is whole, old or new.
    int32_t at(size_t i) const {
        return __atomic_load_n(begin + i, __ATOMIC_RELAXED);
    }
    void set(size_t i, int32_t link) const {
        __atomic_store_n(begin + i, link, __ATOMIC_RELAXED);
    }

    /// Links to neighbours: all before the node's own number or the end.
    size_t neighbours(int32_t node) const {
        size_t n = 0;
        while (n < capacity && at(n) >= 0 && at(n) != node) {
            n++;
        }
        return n;
    }

    /// Links in all.
    size_t size() const {
        size_t n = 0;
        while (n < capacity && at(n) >= 0) {
            n++;
        }
        return n;
    }
};

/// Of an index with a graph in it: whether the parents of all nodes make one tree that their lists hold, as in graphs of ours and not in
/// FAISS's. True of an index without a graph.
bool isLinkedHere(const faiss::Index& index);

} // namespace voisin
