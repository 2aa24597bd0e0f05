// The forward pass of a BERT encoder: token ids to token vectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "team.h"
#include "weights.h"

namespace voisin {

/// Room for numbers that begins at a cache line: a vector of 64 bytes that lies across two takes two reads.
template <typename Number> class Room {
  public:
    Number* data() {
        return reinterpret_cast<Number*>(lines_.data());
    }
    /// Room for `count` numbers at least; what it held is lost.
    void grow(size_t count) {
        const size_t lines = (count * sizeof(Number) + sizeof(Line) - 1) / sizeof(Line);
        if (lines_.size() < lines) lines_ = std::vector<Line>(lines);
    }

  private:
    struct alignas(64) Line {
        std::byte bytes[64];
    };
    std::vector<Line> lines_;
};

class Encoder {
  public:
    Encoder(Weights weights, size_t threads);

    size_t hiddenSize() const {
        return weights_.embeddingNorm.scale.size();
    }
    size_t vocabulary() const {
        return weights_.words.rows;
    }
    size_t longest() const {
        return weights_.positions.rows;
    }

    /**
     * Token vectors, ids x hiddenSize(), text after text without padding. A text's vectors are the same to the last bit whatever texts are beside it
     * and however many threads there are. One call at a time.
     * @param ids those of all texts one after another, each below vocabulary()
     * @param lengths ids of each text: 1 to longest()
     */
    void run(const int32_t* ids, const std::vector<size_t>& lengths, float* out);

  private:
    struct Text {
        size_t first;
        size_t length;
    };

    void makeRoom(const std::vector<Text>& texts, size_t rows);
    void embed(Team::Pass& pass, const int32_t* ids, const std::vector<Text>& texts, float* vectors);
    void attend(Team::Pass& pass, const std::vector<Text>& texts);
    void multiply(Team::Pass& pass, const Linear& linear, const float* in, size_t rows, float* out, Then then);
    void apply(Team::Pass& pass, const Layer& layer, const std::vector<Text>& texts, size_t rows, float* vectors);

    Weights weights_;
    Team team_;

    // Room for one group of texts: rows of each size, and one piece of memory a thread.
    Room<float> added_;
    Room<float> context_;
    Room<float> queryKeyValue_;
    Room<float> intermediate_;
    Room<uint8_t> bytes_;
    Room<float> byteScales_;
    std::vector<Room<float>> scratch_;
};

} // namespace voisin
