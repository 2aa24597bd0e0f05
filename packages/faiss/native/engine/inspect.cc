// A look through the bytes of an index before FAISS reads them.
#include "engine/inspect.h"

#include "engine/walker.h"

namespace voisin {
namespace {

constexpr int maxDepth = 6;

struct Seen {
    Header header;
    std::string name;
};

Seen inspectIndex(Walker& walker, int depth);

bool isFlat(const std::string& name) {
    return name == "IxFI" || name == "IxF2" || name == "IxFl";
}

void inspectFlat(Walker& walker, const Header& header) {
    walker.skipVector(sizeof(float), header.ntotal * header.d, "the vectors do not fit the header");
}

void inspectCodes(Walker& walker, const Header& header, uint64_t codeSize) {
    walker.skipVector(1, header.ntotal * codeSize, "the codes do not fit the header");
}

/// Under a graph FAISS makes a table of the distances between all codes: with 16 bits that would be 16 GB a sub-vector.
void inspectPq(Walker& walker, const Header& header, int depth) {
    const uint64_t codeSize = inspectProductQuantizer(walker, header, depth == 0 ? 16 : 8);
    inspectCodes(walker, header, codeSize);
    require(walker.read<int32_t>() == 0, "its PQ search is of a type that is not done here");
    require(!walker.readBool(), "its PQ codes signs, which is not done here");
    walker.read<int32_t>();
}

void inspectHnsw(Walker& walker, const Header& header, const std::string& name, int depth) {
    walker.skipVector(sizeof(double));
    walker.skipVector(sizeof(int32_t));
    walker.skipVector(sizeof(int32_t), header.ntotal, "the levels of the graph do not fit the header");
    walker.skipVector(sizeof(uint64_t), header.ntotal + 1, "the offsets of the graph do not fit the header");
    walker.skipVector(sizeof(int32_t));
    for (int i = 0; i < 5; i++) {
        walker.read<int32_t>();
    }
    const Seen storage = inspectIndex(walker, depth + 1);
    const bool fits = name == "IHNf" ? isFlat(storage.name) : storage.name == (name == "IHNs" ? "IxSQ" : "IxPq");
    require(fits, "the vectors of the graph are of another class");
    require(storage.header.d == header.d && storage.header.ntotal == header.ntotal, "the vectors of the graph do not fit it");
    require(storage.header.metric == header.metric, "the vectors of the graph have another metric");
    require(storage.header.isTrained == header.isTrained, "the vectors of the graph are not trained");
}

/// The direct map that FAISS keeps for reconstruction. It is dropped after reading: nothing here needs it.
void inspectDirectMap(Walker& walker) {
    const auto type = walker.read<uint8_t>();
    require(type <= 2, "its direct map is of an unknown type");
    walker.skipVector(sizeof(int64_t));
    if (type == 2) {
        walker.skipVector(2 * sizeof(int64_t));
    }
}

void inspectLists(Walker& walker, const Header& header, uint64_t nlist, uint64_t codeSize) {
    require(walker.readName() == "ilar", "its inverted lists are not stored with it");
    require(walker.read<uint64_t>() == nlist, "the number of inverted lists does not fit");
    require(walker.read<uint64_t>() == codeSize, "the size of the codes does not fit");
    const std::string type = walker.readName();
    require(type == "full" || type == "sprs", "its inverted lists are of an unknown type");
    const auto count = walker.read<uint64_t>();
    require(type == "full" ? count == nlist : count <= 2 * nlist && count % 2 == 0, "the sizes of the inverted lists do not fit");
    uint64_t total = 0;
    uint64_t next = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (type == "sprs" && i % 2 == 0) {
            const auto list = walker.read<uint64_t>();
            require(list >= next && list < nlist, "the sizes of the inverted lists are out of order");
            next = list + 1;
            continue;
        }
        const auto size = walker.read<uint64_t>();
        require(size <= static_cast<uint64_t>(header.ntotal) - total, "the inverted lists hold more than the header says");
        total += size;
    }
    require(total == static_cast<uint64_t>(header.ntotal), "the inverted lists hold less than the header says");
    walker.skip(total, codeSize + sizeof(int64_t));
}

void inspectIvf(Walker& walker, const Header& header, const std::string& name, int depth) {
    const auto nlist = walker.read<uint64_t>();
    require(nlist >= 1 && nlist <= 1 << 24, "the number of inverted lists is out of range");
    walker.read<uint64_t>();
    const Seen quantizer = inspectIndex(walker, depth + 1);
    require(isFlat(quantizer.name) || quantizer.name == "IHNf", "its coarse quantizer is of a class that is not read here");
    require(quantizer.header.d == header.d, "the dimension of the coarse quantizer does not fit");
    const auto centroids = static_cast<uint64_t>(quantizer.header.ntotal);
    require(header.isTrained ? centroids == nlist : centroids <= nlist, "the centroids are not as many as the inverted lists");
    require(header.isTrained || nlist <= 1 << 20, "the number of inverted lists is out of range");
    inspectDirectMap(walker);
    uint64_t codeSize = header.d * sizeof(float);
    if (name == "IwSQ" || name == "IwSq") {
        codeSize = inspectScalarQuantizer(walker, header);
        require(walker.read<uint64_t>() == codeSize, "the size of the codes does not fit");
        if (name == "IwSq") {
            walker.readBool();
        }
    } else if (name == "IwPQ") {
        walker.readBool();
        const auto said = walker.read<uint64_t>();
        codeSize = inspectProductQuantizer(walker, header, 8);
        require(said == codeSize, "the size of the codes does not fit");
    }
    inspectLists(walker, header, nlist, codeSize);
}

void inspectInner(Walker& walker, const Header& outer, int64_t d, int depth) {
    const Seen inner = inspectIndex(walker, depth + 1);
    require(inner.header.d == d, "the dimensions of an inner index do not fit");
    require(inner.header.ntotal == outer.ntotal, "an inner index holds another number of vectors");
    require(inner.header.metric == outer.metric, "an inner index has another metric");
    require(inner.header.isTrained || !outer.isTrained, "an inner index is not trained");
}

Seen inspectIndex(Walker& walker, int depth) {
    require(depth < maxDepth, "indexes are nested too deep");
    const std::string name = walker.readName();
    const bool isHnsw = name == "IHNf" || name == "IHNs" || name == "IHNp";
    const bool isIvf = name == "IwFl" || name == "IwSQ" || name == "IwSq" || name == "IwPQ";
    const bool isMap = name == "IxMp" || name == "IxM2";
    require(isFlat(name) || isHnsw || isIvf || isMap || name == "IxSQ" || name == "IxPq" || name == "IxPT", "the class is none that is read here");
    const Header header = readHeader(walker);
    if (isHnsw) {
        inspectHnsw(walker, header, name, depth);
    } else if (isIvf) {
        inspectIvf(walker, header, name, depth);
    } else if (isMap) {
        inspectInner(walker, header, header.d, depth);
        walker.skipVector(sizeof(int64_t), header.ntotal, "the ids do not fit the header");
    } else if (name == "IxPT") {
        inspectInner(walker, header, inspectTransforms(walker, header.d, header.isTrained), depth);
    } else if (name == "IxSQ") {
        inspectCodes(walker, header, inspectScalarQuantizer(walker, header));
    } else if (name == "IxPq") {
        inspectPq(walker, header, depth);
    } else {
        inspectFlat(walker, header);
    }
    return {header, name};
}

} // namespace

void inspect(Source& source) {
    Walker walker(source);
    inspectIndex(walker, 0);
}

} // namespace voisin
