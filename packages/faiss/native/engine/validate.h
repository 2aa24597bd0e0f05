// A look at an index that was read, before anyone searches it.
#pragma once

#include <faiss/Index.h>

namespace voisin {

/// Throws ERR_FAISS_CORRUPT when a search could leave the index's memory: links of a graph, sizes of lists, positions in maps.
void validate(faiss::Index& index);

} // namespace voisin
