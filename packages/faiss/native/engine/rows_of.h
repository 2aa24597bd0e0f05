// Vectors back from an index, by label.
#pragma once

#include <faiss/Index.h>

namespace voisin {

/// Throws ERR_FAISS_NOT_FOUND when there cannot be so many: before memory for them is taken.
void requireRoomFor(const faiss::Index& index, int64_t first, int64_t count);

/// Writes the vectors of labels first .. first + count - 1 (each of index.d floats), decoded where the index keeps codes. Throws
/// ERR_FAISS_NOT_FOUND when one is not there.
void reconstruct(const faiss::Index& index, int64_t first, int64_t count, float* out);

} // namespace voisin
