#include "encoder.h"

#include <algorithm>
#include <cstring>

namespace voisin {
namespace {

// Texts are computed in groups of so many tokens (or one text, if that is longer): what a group needs, 15 KB a token for MiniLM, is all that a
// pass holds, and more tokens at once would not make better use of a weight that is read.
constexpr size_t groupTokens = 512;

// Rows of one piece of work. Their numbers (600 KB of MiniLM's widest ones) stay in the second cache while one panel after the other passes by.
// A multiple of every kernel's tile.
constexpr size_t matrixRows = 96;
constexpr size_t vectorRows = 8;

size_t blocksOf(size_t rows, size_t most) {
    return (rows + most - 1) / most;
}

/// vectors = norm(vectors + added)
void addAndNormalize(Team::Pass& pass, const Norm& norm, const float* added, size_t rows, float* vectors) {
    const size_t size = norm.scale.size();
    pass.each(blocksOf(rows, vectorRows), [&](size_t block, size_t) {
        const size_t end = std::min(rows, (block + 1) * vectorRows);
        for (size_t row = block * vectorRows; row < end; row++) norm.apply(vectors + row * size, added + row * size, vectors + row * size);
    });
}

} // namespace

Encoder::Encoder(Weights weights, size_t threads) : weights_(std::move(weights)), team_(threads), scratch_(threads) {}

void Encoder::run(const int32_t* ids, const std::vector<size_t>& lengths, float* out) {
    Team::Pass pass(team_);
    for (size_t next = 0; next < lengths.size();) {
        std::vector<Text> group;
        size_t rows = 0;
        while (next < lengths.size() && (group.empty() || rows + lengths[next] <= groupTokens)) {
            group.push_back({rows, lengths[next]});
            rows += lengths[next++];
        }
        makeRoom(group, rows);
        embed(pass, ids, group, out);
        for (const Layer& layer : weights_.layers) apply(pass, layer, group, rows, out);
        ids += rows;
        out += rows * hiddenSize();
    }
}

void Encoder::makeRoom(const std::vector<Text>& texts, size_t rows) {
    size_t longest = 0;
    for (const Text& text : texts) longest = std::max(longest, text.length);
    added_.grow(rows * hiddenSize());
    context_.grow(rows * hiddenSize());
    queryKeyValue_.grow(rows * 3 * hiddenSize());
    size_t scratchSize = kernels().scratchOf(longest, hiddenSize() / weights_.heads);
    for (const Layer& layer : weights_.layers) {
        intermediate_.grow(rows * layer.intermediate.columns());
        for (const Linear* linear : {&layer.queryKeyValue, &layer.attentionOutput, &layer.intermediate, &layer.output}) {
            scratchSize = std::max(scratchSize, linear->scratchSize());
            if (linear->isQuantized()) bytes_.grow(blocksOf(rows, byteKernels()->rowsRead) * byteKernels()->rowsRead * linear->inner());
        }
    }
    byteScales_.grow(rows);
    for (auto& room : scratch_) room.grow(scratchSize);
}

void Encoder::embed(Team::Pass& pass, const int32_t* ids, const std::vector<Text>& texts, float* vectors) {
    const size_t size = hiddenSize();
    pass.each(texts.size(), [&](size_t number, size_t) {
        const Text& text = texts[number];
        for (size_t position = 0; position < text.length; position++) {
            const size_t row = text.first + position;
            float* vector = vectors + row * size;
            float* place = added_.data() + row * size;
            std::memset(vector, 0, size * sizeof(float));
            std::memset(place, 0, size * sizeof(float));
            weights_.words.add(static_cast<size_t>(ids[row]), vector);
            weights_.types.add(0, vector);
            weights_.positions.add(position, place);
            weights_.embeddingNorm.apply(vector, place, vector);
        }
    });
}

void Encoder::apply(Team::Pass& pass, const Layer& layer, const std::vector<Text>& texts, size_t rows, float* vectors) {
    multiply(pass, layer.queryKeyValue, vectors, rows, queryKeyValue_.data(), Then::nothing);
    attend(pass, texts);
    multiply(pass, layer.attentionOutput, context_.data(), rows, added_.data(), Then::nothing);
    addAndNormalize(pass, layer.attentionNorm, added_.data(), rows, vectors);
    multiply(pass, layer.intermediate, vectors, rows, intermediate_.data(), Then::gelu);
    multiply(pass, layer.output, intermediate_.data(), rows, added_.data(), Then::nothing);
    addAndNormalize(pass, layer.outputNorm, added_.data(), rows, vectors);
}

void Encoder::multiply(Team::Pass& pass, const Linear& linear, const float* in, size_t rows, float* out, Then then) {
    const size_t inner = linear.inner();
    if (linear.isQuantized()) {
        pass.each(blocksOf(rows, vectorRows), [&](size_t block, size_t) {
            const size_t end = std::min(rows, (block + 1) * vectorRows);
            for (size_t row = block * vectorRows; row < end; row++) {
                linear.quantize(in + row * inner, bytes_.data() + row * inner, byteScales_.data() + row);
            }
        });
    }
    const size_t blocks = blocksOf(rows, matrixRows);
    pass.each(linear.panels() * blocks, [&](size_t piece, size_t thread) {
        const size_t panel = piece % linear.panels();
        const size_t first = piece / linear.panels() * matrixRows;
        const size_t count = std::min(matrixRows, rows - first);
        float* to = out + first * linear.columns();
        if (linear.isQuantized()) linear.multiply(panel, {bytes_.data() + first * inner, byteScales_.data() + first}, count, to, then);
        else linear.multiply(panel, in + first * inner, count, to, then, scratch_[thread].data());
    });
}

void Encoder::attend(Team::Pass& pass, const std::vector<Text>& texts) {
    const size_t heads = weights_.heads;
    const size_t hidden = hiddenSize();
    const size_t size = hidden / heads;
    pass.each(texts.size() * heads, [&](size_t piece, size_t thread) {
        const Text& text = texts[piece / heads];
        const size_t column = piece % heads * size;
        const float* query = queryKeyValue_.data() + text.first * 3 * hidden + column;
        float* context = context_.data() + text.first * hidden + column;
        kernels().attend({query, query + hidden, query + 2 * hidden, context, text.length, size, 3 * hidden, hidden}, scratch_[thread].data());
    });
}

} // namespace voisin
