// What a search would cost.
#pragma once

#include "engine/search.h"

namespace voisin {

/// About how many bytes of vectors such a search reads; a selector counts in scans and graphs, but not in lists. The largest number where that says
/// nothing of its time: tables of codes cost more than the codes.
size_t bytesTouched(const faiss::Index& index, size_t queries, size_t k, const SearchOptions& options);

} // namespace voisin
