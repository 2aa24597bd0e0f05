// Exact search over vectors that lie one behind the other in memory.
#include "engine/scan.h"

#include <algorithm>

#include "engine/classes.h"
#include "engine/scan_rows.h"
#include "engine/sq8_queries.h"

namespace voisin {
namespace {

constexpr size_t bytesWorthAThread = 1 << 20;

/// Codes of 8 bits, and the queries that are compared with them.
struct Sq8Rows {
    Metric metric;
    const uint8_t* codes;
    size_t d;
    size_t count;
    const Sq8Queries& queries;

    void distances(size_t first, size_t count, const int32_t* rows, size_t n, float* out) const {
        for (size_t i = 0; i < count; i++) {
            sq8ToRows(metric, queries[first + i], codes, d, rows, n, out + i * n);
        }
    }
};

} // namespace

int threadsForScan(size_t rows, size_t bytesOfRow, const Bitmap& members, size_t queries) {
    return static_cast<int>(std::clamp<size_t>(members.among(rows) * bytesOfRow * queries / bytesWorthAThread, 1, 64));
}

void scanNearest(const FlatRows& rows, const Bitmap& members, size_t queries, size_t k, int threads, float* distances, int64_t* labels) {
    scan::nearest(rows, members, queries, k, threads, distances, labels);
}

bool canScanCodes(const faiss::IndexScalarQuantizer& index) {
    return index.sq.qtype == faiss::ScalarQuantizer::QT_8bit;
}

void scanCodes(
        const faiss::IndexScalarQuantizer& index, const Bitmap& members, const float* x, size_t queries, size_t k, int threads,
        float* distances, int64_t* labels) {
    const Metric metric = metricOf(index);
    const Sq8Queries prepared(metric, index.sq, x, queries);
    const Sq8Rows rows{metric, index.codes.data(), static_cast<size_t>(index.d), static_cast<size_t>(index.ntotal), prepared};
    scan::nearest(rows, members, queries, k, threads, distances, labels);
}

std::vector<std::vector<Found>> scanRange(const FlatRows& rows, const Bitmap& members, size_t queries, float radius, int threads) {
    const size_t words = scan::wordCount(rows.count);
    const int parts = threads;
    // One list for each part of the rows, so that joining them in order keeps the labels ascending.
    std::vector<std::vector<Found>> found(queries * parts);
#pragma omp parallel for num_threads(threads) schedule(static, 1)
    for (int part = 0; part < parts; part++) {
        const auto add = [&](size_t q, const float* distances, const int32_t* labels, size_t n) {
            for (size_t i = 0; i < n; i++) {
                if (rows.metric == Metric::l2 ? distances[i] < radius : distances[i] > radius) {
                    found[q * parts + part].push_back({distances[i], labels[i]});
                }
            }
        };
        scan::compare(rows, members, 0, queries, scan::share(words, part, parts), scan::share(words, part + 1, parts), add);
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
