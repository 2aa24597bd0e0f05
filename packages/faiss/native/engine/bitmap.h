// A set of positions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <faiss/impl/IDSelector.h>

namespace voisin {

/// Bit i & 7 of byte i >> 3. Positions past the end are not members; no bytes at all means that everything is one.
struct Bitmap {
    const uint8_t* bytes = nullptr;
    size_t size = 0;

    bool everything() const {
        return bytes == nullptr;
    }

    bool has(int64_t position) const {
        const size_t byte = static_cast<uint64_t>(position) >> 3;
        return everything() || (byte < size && (bytes[byte] >> (position & 7) & 1) != 0);
    }

    /// Positions 64 * index .. 64 * index + 63 as bits.
    uint64_t word(size_t index) const {
        if (everything()) {
            return ~uint64_t{0};
        }
        const size_t start = index * 8;
        if (start >= size) {
            return 0;
        }
        uint64_t bits = 0;
        std::memcpy(&bits, bytes + start, size - start < 8 ? size - start : 8);
        return bits;
    }

    /// How many of the positions below `count` it has.
    size_t among(size_t count) const {
        if (everything()) {
            return count;
        }
        size_t members = 0;
        for (size_t index = 0; index * 64 < count; index++) {
            const size_t rest = count - index * 64;
            const uint64_t below = rest < 64 ? (uint64_t{1} << rest) - 1 : ~uint64_t{0};
            members += __builtin_popcountll(word(index) & below);
        }
        return members;
    }
};

/// The same set for FAISS.
struct BitmapSelector final : faiss::IDSelector {
    Bitmap bitmap;
    explicit BitmapSelector(Bitmap bitmap) : bitmap(bitmap) {}
    bool is_member(idx_t id) const override {
        return id >= 0 && bitmap.has(id);
    }
};

} // namespace voisin
