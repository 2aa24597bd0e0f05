// Which vertices a walk has seen.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace voisin {

/// One byte a vertex, kept by each thread from walk to walk: a walk's number marks what it saw, so nothing is cleared between walks.
class Visited {
  public:
    static Visited& ofThisThread(size_t vertices) {
        static thread_local Visited visited;
        if (visited.marks_.size() < vertices) {
            // With room to grow: an index that is being filled asks for a little more each time.
            visited.marks_.resize(vertices + vertices / 4, 0);
        }
        return visited;
    }

    void next() {
        if (++walk_ == 0) {
            std::fill(marks_.begin(), marks_.end(), uint8_t{0});
            walk_ = 1;
        }
    }

    /// False when the vertex was seen before.
    bool add(int32_t vertex) {
        uint8_t& mark = marks_[vertex];
        const bool isNew = mark != walk_;
        mark = walk_;
        return isNew;
    }

  private:
    std::vector<uint8_t> marks_;
    uint8_t walk_ = 0;
};

} // namespace voisin
