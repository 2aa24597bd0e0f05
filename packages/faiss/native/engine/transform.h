// The transforms in front of an index.
#pragma once

#include <faiss/IndexPreTransform.h>

#include <vector>

namespace voisin {

/// n vectors as the index behind the transforms takes them. A vector comes out the same to the last bit alone and among others.
std::vector<float> applyTransforms(const faiss::IndexPreTransform& index, const float* x, size_t n);

} // namespace voisin
