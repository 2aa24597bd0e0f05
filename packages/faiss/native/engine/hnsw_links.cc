// Whether a graph is linked as ours are.
#include "engine/hnsw_links.h"

#include <faiss/IndexHNSW.h>
#include <faiss/IndexIDMap.h>
#include <faiss/IndexPreTransform.h>

#include <algorithm>
#include <vector>

namespace voisin {
namespace {

bool isTree(const faiss::HNSW& graph) {
    const auto n = static_cast<int32_t>(graph.levels.size());
    // 0: not looked at, otherwise the walk that came by.
    std::vector<int32_t> walks(n, 0);
    int roots = 0;
    for (int32_t node = 0; node < n && n > 1; node++) {
        int32_t at = node;
        while (walks[at] == 0) {
            walks[at] = node + 1;
            const int32_t parent = LinkList(graph, at, 0).at(0);
            if (parent < 0 || parent >= n) {
                return false;
            }
            const LinkList list(graph, parent, 0);
            const size_t size = list.size();
            if (std::find(list.begin, list.begin + size, at) == list.begin + size) {
                return false;
            }
            at = parent;
        }
        // Back where this walk has been: at the first node, which has its first child or itself as its parent. There may be no other.
        roots += walks[at] == node + 1;
    }
    return n <= 1 || roots == 1;
}


} // namespace

bool isLinkedHere(const faiss::Index& index) {
    if (const auto* hnsw = dynamic_cast<const faiss::IndexHNSW*>(&index)) {
        return isTree(hnsw->hnsw);
    }
    if (const auto* transformed = dynamic_cast<const faiss::IndexPreTransform*>(&index)) {
        return isLinkedHere(*transformed->index);
    }
    const auto* mapped = dynamic_cast<const faiss::IndexIDMap*>(&index);
    return mapped == nullptr || isLinkedHere(*mapped->index);
}

} // namespace voisin
