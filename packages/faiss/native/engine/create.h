// New indexes.
#pragma once

#include <faiss/Index.h>

#include <memory>
#include <string>

namespace voisin {

/// `factory` must have been checked (src/factory.ts): FAISS's parser ends the process on some strings.
std::unique_ptr<faiss::Index> createIndex(int dimension, const std::string& factory, faiss::MetricType metric);

std::unique_ptr<faiss::Index> copyIndex(const faiss::Index& index);

} // namespace voisin
