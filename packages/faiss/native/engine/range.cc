// Everything within a distance.
#include "engine/range.h"

#include <faiss/IndexIDMap.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/impl/AuxIndexStructures.h>

#include <algorithm>

#include "engine/classes.h"
#include "engine/scan.h"
#include "engine/transform.h"
#include "run/cores.h"
#include "run/error.h"

namespace voisin {
namespace {

RangeResult rangeOfFlat(const faiss::IndexFlat& flat, const float* x, size_t queries, float radius, const SearchOptions& options) {
    const FlatRows rows{metricOf(flat), flat.get_xb(), static_cast<size_t>(flat.d), static_cast<size_t>(flat.ntotal), x};
    const Cores cores(threadsForScan(rows.count, flat.code_size, options.members, queries));
    const auto found = scanRange(rows, options.members, queries, radius, cores.count());
    RangeResult result;
    result.lims.push_back(0);
    for (const auto& list : found) {
        for (const Found& one : list) {
            result.distances.push_back(one.distance);
            result.labels.push_back(one.label);
        }
        result.lims.push_back(result.labels.size());
    }
    return result;
}

RangeResult rangeOfIvf(const faiss::IndexIVF& ivf, const float* x, size_t queries, float radius, const SearchOptions& options) {
    BitmapSelector selector(options.members);
    faiss::SearchParametersIVF parameters;
    parameters.nprobe = std::min<size_t>(options.nprobe > 0 ? options.nprobe : ivf.nprobe, ivf.nlist);
    parameters.sel = options.members.everything() ? nullptr : &selector;
    const Cores cores(static_cast<int>(std::min<size_t>(queries, 64)));
    faiss::RangeSearchResult found(queries);
    const NearLists near = nearestLists(ivf, x, queries, parameters.nprobe);
    ivf.range_search_preassigned(queries, x, radius, near.lists.data(), near.distances.data(), &found, false, &parameters);
    RangeResult result;
    result.lims.assign(found.lims, found.lims + queries + 1);
    result.distances.assign(found.distances, found.distances + found.lims[queries]);
    result.labels.assign(found.labels, found.labels + found.lims[queries]);
    return result;
}

} // namespace

RangeResult searchRange(const faiss::Index& index, const float* x, size_t queries, float radius, const SearchOptions& options) {
    if (!options.members.everything() && !abilities(index).selector) {
        throw unsupported(className(index) + " cannot search with a selector");
    }
    const auto* flat = flatStorage(index);
    if (flat != nullptr && (options.exact || flat == &index)) {
        return rangeOfFlat(*flat, x, queries, radius, options);
    }
    if (options.exact) {
        throw unsupported(className(index) + " keeps no plain vectors to search exactly");
    }
    if (const auto* ivf = dynamic_cast<const faiss::IndexIVF*>(&index)) {
        return rangeOfIvf(*ivf, x, queries, radius, options);
    }
    if (const auto* transformed = dynamic_cast<const faiss::IndexPreTransform*>(&index)) {
        return searchRange(*transformed->index, applyTransforms(*transformed, x, queries).data(), queries, radius, options);
    }
    if (const auto* mapped = dynamic_cast<const faiss::IndexIDMap*>(&index)) {
        RangeResult result = searchRange(*mapped->index, x, queries, radius, options);
        for (int64_t& label : result.labels) {
            label = mapped->id_map[label];
        }
        return result;
    }
    throw unsupported(className(index) + " cannot search by range" + (flat != nullptr ? " unless { exact: true } is given" : ""));
}

} // namespace voisin
