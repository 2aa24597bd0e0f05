// The parts of which FAISS's bytes are made.
#include <faiss/impl/ScalarQuantizer.h>

#include "engine/walker.h"

namespace voisin {

Header readHeader(Walker& walker) {
    Header header;
    header.d = walker.read<int32_t>();
    header.ntotal = walker.read<int64_t>();
    walker.read<int64_t>();
    walker.read<int64_t>();
    header.isTrained = walker.readBool();
    header.metric = walker.read<int32_t>();
    require(header.d >= 1 && header.d <= maxDimension, "the dimension is out of range");
    require(header.ntotal >= 0 && header.ntotal < int64_t{1} << 40, "the number of vectors is out of range");
    require(header.isTrained || header.ntotal == 0, "it holds vectors and is not trained");
    require(header.metric == 0 || header.metric == 1, "the metric is neither l2 nor ip");
    return header;
}

namespace {

void inspectLinear(Walker& walker, uint64_t& matrix, uint64_t& bias, bool& hasBias) {
    hasBias = walker.readBool();
    matrix = walker.skipVector(sizeof(float));
    bias = walker.skipVector(sizeof(float));
}

} // namespace

int64_t inspectTransforms(Walker& walker, int64_t d, bool isTrained) {
    const auto count = walker.read<int32_t>();
    require(count >= 0 && count <= 16, "the number of transforms is out of range");
    for (int i = 0; i < count; i++) {
        const std::string name = walker.readName();
        uint64_t matrix = 0;
        uint64_t bias = 0;
        bool hasBias = false;
        const bool isPca = name == "PCAm" || name == "PcAm" || name == "Pcam";
        const bool isNorm = name == "VNrm";
        require(isPca || isNorm || name == "rrot" || name == "LTra", "it has a transform that is not read here");
        if (isPca) {
            walker.read<float>();
            if (name == "Pcam") {
                walker.read<float>();
            }
            walker.readBool();
            if (name != "PCAm") {
                walker.read<int32_t>();
            }
            walker.skipVector(sizeof(float));
            walker.skipVector(sizeof(float));
            walker.skipVector(sizeof(float));
        }
        if (isNorm) {
            require(walker.read<float>() == 2.0f, "a normalisation is not to length 1");
        } else {
            inspectLinear(walker, matrix, bias, hasBias);
        }
        const int64_t in = walker.read<int32_t>();
        const int64_t out = walker.read<int32_t>();
        const bool trained = walker.readBool();
        require(in == d && out >= 1 && out <= maxDimension, "the dimensions of a transform do not fit");
        require(trained || !isTrained, "a transform is not trained");
        if (isNorm) {
            require(in == out, "the dimensions of a transform do not fit");
        } else if (trained) {
            require(matrix == static_cast<uint64_t>(in * out), "the matrix of a transform does not fit its dimensions");
            require(hasBias ? bias == static_cast<uint64_t>(out) : true, "the bias of a transform does not fit its dimensions");
        }
        d = out;
    }
    return d;
}

uint64_t inspectScalarQuantizer(Walker& walker, const Header& header) {
    using Type = faiss::ScalarQuantizer::QuantizerType;
    const auto type = walker.read<int32_t>();
    const auto range = walker.read<int32_t>();
    walker.read<float>();
    const auto d = walker.read<uint64_t>();
    walker.read<uint64_t>();
    const auto trained = walker.skipVector(sizeof(float));
    require(range >= 0 && range <= 3, "the statistic of a scalar quantizer is unknown");
    require(d == static_cast<uint64_t>(header.d), "the dimension of a scalar quantizer does not fit");
    uint64_t values = 2 * d;
    uint64_t bytes = 0;
    switch (static_cast<Type>(type)) {
        case Type::QT_8bit: bytes = d; break;
        case Type::QT_6bit: bytes = (d * 6 + 7) / 8; break;
        case Type::QT_4bit: bytes = (d + 1) / 2; break;
        case Type::QT_8bit_uniform: bytes = d; values = 2; break;
        case Type::QT_4bit_uniform: bytes = (d + 1) / 2; values = 2; break;
        case Type::QT_fp16: bytes = 2 * d; values = 0; break;
        case Type::QT_8bit_direct: bytes = d; values = 0; break;
        default: require(false, "the type of a scalar quantizer is unknown");
    }
    require(!header.isTrained || trained == values, "a scalar quantizer has not the values that it needs");
    return bytes;
}

uint64_t inspectProductQuantizer(Walker& walker, const Header& header, uint64_t maxBits) {
    const auto d = walker.read<uint64_t>();
    const auto parts = walker.read<uint64_t>();
    const auto bits = walker.read<uint64_t>();
    require(d == static_cast<uint64_t>(header.d), "the dimension of a product quantizer does not fit");
    require(parts >= 1 && parts <= d && d % parts == 0, "the sub-vectors of a product quantizer do not fit");
    require(bits >= 1 && bits <= maxBits, "the bits of a product quantizer are out of range");
    // Before FAISS allocates it: it makes room for the codebook from these numbers alone.
    walker.skipVector(sizeof(float), d << bits, "the codebook of a product quantizer does not fit");
    return (parts * bits + 7) / 8;
}

} // namespace voisin
