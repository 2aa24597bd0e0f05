// Exact search over vectors that lie in memory as plain floats.
#include "engine/scan.h"

#include <omp.h>

#include <algorithm>

#include "engine/top_k.h"

namespace voisin {
namespace {

constexpr size_t blockRows = 128;
constexpr size_t bytesWorthAThread = 1 << 20;

/// Calls visit(rows, n) with blocks of the members among the 64-row words [begin, end).
template <class Visit>
void forBlocks(const FlatRows& rows, const Bitmap& members, size_t begin, size_t end, Visit visit) {
    int32_t block[blockRows + 64];
    size_t filled = 0;
    for (size_t word = begin; word < end; word++) {
        uint64_t bits = members.word(word);
        const size_t first = word * 64;
        if (rows.count - first < 64) {
            bits &= (uint64_t{1} << (rows.count - first)) - 1;
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

size_t wordCount(const FlatRows& rows) {
    return (rows.count + 63) / 64;
}

/// Calls each(query, distance, label) for the queries [q0, q1) and the members among the words [w0, w1).
template <class Each>
void compare(const FlatRows& rows, const Bitmap& members, const float* x, size_t q0, size_t q1, size_t w0, size_t w1, Each each) {
    float distances[blockRows + 64];
    forBlocks(rows, members, w0, w1, [&](const int32_t* block, size_t n) {
        for (size_t q = q0; q < q1; q++) {
            distancesToRows(rows.metric, x + q * rows.d, rows.base, rows.d, block, n, distances);
            for (size_t i = 0; i < n; i++) {
                each(q, distances[i], block[i]);
            }
        }
    });
}

size_t share(size_t total, int part, int parts) {
    return total * part / parts;
}

void nearestOfQueries(
        const FlatRows& rows, const Bitmap& members, const float* x, size_t q0, size_t q1, size_t k, float* distances, int64_t* labels) {
    // Queries in groups: a block of rows is read once for the group, and a group's heaps stay small.
    constexpr size_t group = 64;
    for (size_t start = q0; start < q1; start += group) {
        const size_t end = std::min(q1, start + group);
        std::vector<TopK> best(end - start, TopK(k));
        compare(rows, members, x, start, end, 0, wordCount(rows), [&](size_t q, float distance, int64_t label) {
            const float key = TopK::key(rows.metric, distance);
            if (best[q - start].wants(key)) {
                best[q - start].push(key, label);
            }
        });
        for (size_t q = start; q < end; q++) {
            best[q - start].write(rows.metric, distances + q * k, labels + q * k);
        }
    }
}

void nearestByRows(
        const FlatRows& rows, const Bitmap& members, const float* x, size_t k, int threads, float* distances, int64_t* labels) {
    std::vector<TopK> best(threads, TopK(k));
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < threads; part++) {
        TopK& mine = best[part];
        const size_t words = wordCount(rows);
        compare(rows, members, x, 0, 1, share(words, part, threads), share(words, part + 1, threads),
                [&](size_t, float distance, int64_t label) {
                    const float key = TopK::key(rows.metric, distance);
                    if (mine.wants(key)) {
                        mine.push(key, label);
                    }
                });
    }
    for (int part = 1; part < threads; part++) {
        best[0].merge(best[part]);
    }
    best[0].write(rows.metric, distances, labels);
}

} // namespace

int threadsForScan(const FlatRows& rows, const Bitmap& members, size_t queries) {
    size_t scanned = rows.count;
    if (!members.everything()) {
        scanned = 0;
        for (size_t word = 0; word < wordCount(rows); word++) {
            scanned += __builtin_popcountll(members.word(word));
        }
    }
    const size_t bytes = scanned * rows.d * sizeof(float) * queries;
    return static_cast<int>(std::clamp<size_t>(bytes / bytesWorthAThread, 1, 64));
}

void scanNearest(
        const FlatRows& rows, const Bitmap& members, const float* x, size_t queries, size_t k, int threads, float* distances,
        int64_t* labels) {
    if (threads > 1 && queries < static_cast<size_t>(threads)) {
        for (size_t q = 0; q < queries; q++) {
            nearestByRows(rows, members, x + q * rows.d, k, threads, distances + q * k, labels + q * k);
        }
        return;
    }
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < threads; part++) {
        nearestOfQueries(rows, members, x, share(queries, part, threads), share(queries, part + 1, threads), k, distances, labels);
    }
}

std::vector<std::vector<Found>> scanRange(
        const FlatRows& rows, const Bitmap& members, const float* x, size_t queries, float radius, int threads) {
    const size_t words = wordCount(rows);
    const int parts = threads;
    // One list for each part of the rows, so that joining them in order keeps the labels ascending.
    std::vector<std::vector<Found>> found(queries * parts);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < parts; part++) {
        compare(rows, members, x, 0, queries, share(words, part, parts), share(words, part + 1, parts),
                [&](size_t q, float distance, int64_t label) {
                    if (rows.metric == Metric::l2 ? distance < radius : distance > radius) {
                        found[q * parts + part].push_back({distance, label});
                    }
                });
    }
    std::vector<std::vector<Found>> joined(queries);
    for (size_t q = 0; q < queries; q++) {
        for (int part = 0; part < parts; part++) {
            const auto& list = found[q * parts + part];
            joined[q].insert(joined[q].end(), list.begin(), list.end());
        }
    }
    return joined;
}

} // namespace voisin
