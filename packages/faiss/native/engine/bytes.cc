// Indexes to bytes and files, in FAISS's own format, and back.
#include "engine/bytes.h"

#include <faiss/index_io.h>

#include <cstring>

#include "engine/classes.h"
#include "engine/inspect.h"
#include "engine/streams.h"
#include "engine/validate.h"
#include "run/cores.h"

namespace voisin {
namespace {

std::unique_ptr<faiss::Index> readFrom(Source& source) {
    // FAISS believes what it reads: sizes are allocated and links followed. So the bytes are walked through first, and the index made of
    // them is checked before anyone searches it.
    inspect(source);
    source.rewind();
    const Cores cores(1);
    std::unique_ptr<faiss::Index> index(faiss::read_index(&source));
    validate(*index);
    return index;
}

} // namespace

Array<uint8_t> toBytes(const faiss::Index& index) {
    MemoryWriter writer(memoryBytes(index) + 4096);
    faiss::write_index(&index, &writer);
    Array<uint8_t> bytes(writer.bytes().size());
    std::memcpy(bytes.data.get(), writer.bytes().data(), bytes.size);
    return bytes;
}

std::unique_ptr<faiss::Index> fromBytes(const uint8_t* bytes, size_t size) {
    MemorySource source(bytes, size);
    return readFrom(source);
}

size_t writeFile(const faiss::Index& index, const std::string& path) {
    FileWriter writer(path);
    faiss::write_index(&index, &writer);
    return writer.close();
}

std::unique_ptr<faiss::Index> readFile(const std::string& path) {
    FileSource source(path);
    return readFrom(source);
}

} // namespace voisin
