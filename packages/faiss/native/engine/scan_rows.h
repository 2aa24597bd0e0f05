// The exact scan, whatever the rows are made of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/bitmap.h"
#include "engine/top_k.h"
#include "kernels/pairs.h"

/// `Rows` has `metric`, `count` and `distances(first, queries, rows, n, out)`: out[i * n + j] from query first + i to the j-th of n rows.
namespace voisin::scan {

constexpr size_t blockRows = 128;
/// Queries that are compared with a block of rows at once.
constexpr size_t batchQueries = 16;
static_assert(blockRows + 64 <= maxBatchRows);

/// Calls visit(rows, n) with blocks of the members among the 64-row words [begin, end) of `count` rows.
template <class Visit>
void forBlocks(size_t count, const Bitmap& members, size_t begin, size_t end, Visit visit) {
    int32_t block[blockRows + 64];
    size_t filled = 0;
    for (size_t word = begin; word < end; word++) {
        uint64_t bits = members.word(word);
        const size_t first = word * 64;
        if (count - first < 64) {
            bits &= (uint64_t{1} << (count - first)) - 1;
        }
        while (bits != 0) {
            block[filled++] = static_cast<int32_t>(first + __builtin_ctzll(bits));
            bits &= bits - 1;
        }
        if (filled >= blockRows) {
            visit(block, filled);
            filled = 0;
        }
    }
    if (filled > 0) {
        visit(block, filled);
    }
}

inline size_t wordCount(size_t count) {
    return (count + 63) / 64;
}

/// Calls each(query, distances, labels, n) for the queries [q0, q1) and the members among the words [w0, w1), block by block.
template <class Rows, class Each>
void compare(const Rows& rows, const Bitmap& members, size_t q0, size_t q1, size_t w0, size_t w1, Each each) {
    std::vector<float> distances(std::min(batchQueries, q1 - q0) * (blockRows + 64));
    forBlocks(rows.count, members, w0, w1, [&](const int32_t* block, size_t n) {
        for (size_t q = q0; q < q1; q += batchQueries) {
            const size_t queries = std::min(batchQueries, q1 - q);
            rows.distances(q, queries, block, n, distances.data());
            for (size_t i = 0; i < queries; i++) {
                each(q + i, distances.data() + i * n, block, n);
            }
        }
    });
}

/// Whether one of n distances may be among the k nearest.
inline bool anyWanted(Metric metric, const float* distances, size_t n, float limit) {
    const float sign = TopK::key(metric, 1);
    int any = 0;
    for (size_t i = 0; i < n; i++) {
        any |= sign * distances[i] <= limit;
    }
    return any != 0;
}

/// Keeps those of a block that are among the k nearest so far.
inline void keepNearest(Metric metric, const float* distances, const int32_t* labels, size_t n, TopK& best) {
    constexpr size_t step = 32;
    for (size_t start = 0; start < n; start += step) {
        const size_t end = std::min(n, start + step);
        if (!anyWanted(metric, distances + start, end - start, best.limit())) {
            continue;
        }
        for (size_t i = start; i < end; i++) {
            const float key = TopK::key(metric, distances[i]);
            if (best.wants(key)) {
                best.push(key, labels[i]);
            }
        }
    }
}

inline size_t share(size_t total, int part, int parts) {
    return total * part / parts;
}

/// Words at which to cut the rows so that each part has about as many members: filters often keep a stretch of the rows.
inline std::vector<size_t> evenParts(size_t count, const Bitmap& members, int parts) {
    const size_t words = wordCount(count);
    std::vector<size_t> cuts(parts + 1, words);
    cuts[0] = 0;
    if (members.everything()) {
        for (int part = 1; part < parts; part++) {
            cuts[part] = share(words, part, parts);
        }
        return cuts;
    }
    const size_t total = members.among(count);
    size_t seen = 0;
    int part = 1;
    for (size_t word = 0; word < words && part < parts; word++) {
        seen += __builtin_popcountll(members.word(word));
        while (part < parts && seen >= share(total, part, parts)) {
            cuts[part++] = word + 1;
        }
    }
    return cuts;
}

template <class Rows>
void nearestOfQueries(
        const Rows& rows, const Bitmap& members, size_t q0, size_t q1, size_t k, float* distances, int64_t* labels) {
    // Queries in groups: a block of rows is read once for the group, and a group's heaps stay small.
    constexpr size_t group = 64;
    for (size_t start = q0; start < q1; start += group) {
        const size_t end = std::min(q1, start + group);
        std::vector<TopK> best(end - start, TopK(k));
        compare(rows, members, start, end, 0, wordCount(rows.count), [&](size_t q, const float* found, const int32_t* block, size_t n) {
            keepNearest(rows.metric, found, block, n, best[q - start]);
        });
        for (size_t q = start; q < end; q++) {
            best[q - start].write(rows.metric, distances + q * k, labels + q * k);
        }
    }
}

template <class Rows>
void nearestByRows(
        const Rows& rows, const Bitmap& members, size_t query, size_t k, int threads, float* distances, int64_t* labels) {
    std::vector<TopK> best(threads, TopK(k));
    const std::vector<size_t> cuts = evenParts(rows.count, members, threads);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < threads; part++) {
        TopK& mine = best[part];
        compare(rows, members, query, query + 1, cuts[part], cuts[part + 1], [&](size_t, const float* found, const int32_t* block, size_t n) {
            keepNearest(rows.metric, found, block, n, mine);
        });
    }
    for (int part = 1; part < threads; part++) {
        best[0].merge(best[part]);
    }
    best[0].write(rows.metric, distances, labels);
}

/// The k nearest members for each query, in distances and labels (queries * k).
template <class Rows>
void nearest(const Rows& rows, const Bitmap& members, size_t queries, size_t k, int threads, float* distances, int64_t* labels) {
    if (threads > 1 && queries < static_cast<size_t>(threads)) {
        for (size_t q = 0; q < queries; q++) {
            nearestByRows(rows, members, q, k, threads, distances + q * k, labels + q * k);
        }
        return;
    }
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < threads; part++) {
        nearestOfQueries(rows, members, share(queries, part, threads), share(queries, part + 1, threads), k, distances, labels);
    }
}

} // namespace voisin::scan
