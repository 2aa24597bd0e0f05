// Steps through FAISS's bytes.
#pragma once

#include <cstdint>
#include <string>

#include "engine/streams.h"
#include "run/error.h"

namespace voisin {

constexpr int64_t maxDimension = 65536;

inline void require(bool holds, const char* what) {
    if (!holds) {
        throw corrupt(std::string("not the bytes of an index that can be read: ") + what);
    }
}

class Walker {
  public:
    explicit Walker(Source& source) : source_(source) {}

    template <class T>
    T read() {
        T value;
        require(source_.left() >= sizeof value && source_(&value, sizeof value, 1) == 1, "they end too early");
        return value;
    }

    bool readBool() {
        const auto byte = read<uint8_t>();
        require(byte <= 1, "a flag is neither 0 nor 1");
        return byte == 1;
    }

    /// A four-letter name.
    std::string readName() {
        char letters[4];
        require(source_.left() >= 4 && source_(letters, 1, 4) == 4, "they end too early");
        return std::string(letters, 4);
    }

    void skip(uint64_t count, size_t size) {
        require(count <= source_.left() / size, "a size is larger than what follows");
        source_.skip(count * size);
    }

    /// Steps over a vector of elements of `size` bytes and answers with their number.
    uint64_t skipVector(size_t size) {
        const auto count = read<uint64_t>();
        skip(count, size);
        return count;
    }

    void skipVector(size_t size, uint64_t expected, const char* what) {
        require(skipVector(size) == expected, what);
    }

  private:
    Source& source_;
};

struct Header {
    int64_t d;
    int64_t ntotal;
    bool isTrained;
    int metric;
};

Header readHeader(Walker& walker);

/// Transforms count .. of IndexPreTransform: from d dimensions to the answer's.
int64_t inspectTransforms(Walker& walker, int64_t d, bool isTrained);

/// Bytes of a code.
uint64_t inspectScalarQuantizer(Walker& walker, const Header& header);
uint64_t inspectProductQuantizer(Walker& walker, const Header& header, uint64_t maxBits);

} // namespace voisin
