// Indexes to bytes and files, in FAISS's own format, and back.
#pragma once

#include <faiss/Index.h>

#include <memory>
#include <string>

#include "js/output.h"

namespace voisin {

Array<uint8_t> toBytes(const faiss::Index& index);
std::unique_ptr<faiss::Index> fromBytes(const uint8_t* bytes, size_t size);

/// Writes a file in place (neither atomic nor synced) and answers with its size.
size_t writeFile(const faiss::Index& index, const std::string& path);
/// Bytes after FAISS's own are ignored.
std::unique_ptr<faiss::Index> readFile(const std::string& path);

} // namespace voisin
