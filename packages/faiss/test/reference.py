"""faiss-cpu's side of the reference test. Reads cases.json in the folder that it is given; for each case it searches the index that we
wrote, makes an index of its own with the same vectors, writes it and searches it. Results go beside, as raw arrays."""
import json
import os
import sys

import faiss
import numpy as np

folder = sys.argv[1]
faiss.omp_set_num_threads(1)


def path(*parts):
    return os.path.join(folder, ".".join(parts))


def floats(name, d):
    return np.fromfile(path(name), dtype="float32").reshape(-1, d)


def selector_parameters(index, bitmap):
    ids = np.flatnonzero(np.unpackbits(bitmap, bitorder="little")).astype("int64")
    selector = faiss.IDSelectorBatch(ids)
    if isinstance(index, faiss.IndexHNSW):
        return faiss.SearchParametersHNSW(sel=selector, efSearch=64), selector
    if isinstance(index, faiss.IndexIVF):
        return faiss.SearchParametersIVF(sel=selector, nprobe=8), selector
    return faiss.SearchParameters(sel=selector), selector


def answer(index, case, side, queries, bitmap):
    for name, value in case["parameters"].items():
        faiss.ParameterSpace().set_index_parameter(index, name, value)
    name = path(case["name"], side)
    distances, labels = index.search(queries, case["k"])
    distances.tofile(name + ".distances")
    labels.tofile(name + ".labels")
    if case["selector"]:
        parameters, kept = selector_parameters(faiss.downcast_index(index), bitmap)
        distances, labels = index.search(queries, case["k"], params=parameters)
        distances.tofile(name + ".selected.distances")
        labels.tofile(name + ".selected.labels")
    if case["range"]:
        lims, distances, labels = index.range_search(queries, case["radius"])
        lims.astype("int64").tofile(name + ".range.lims")
        distances.tofile(name + ".range.distances")
        labels.tofile(name + ".range.labels")


with open(path("cases.json")) as file:
    cases = json.load(file)
for case in cases:
    d = case["dimension"]
    vectors, queries = floats("vectors", d), floats("queries", d)
    bitmap = np.fromfile(path("selector"), dtype="uint8")
    answer(faiss.read_index(path(case["name"], "ours")), case, "ours", queries, bitmap)
    metric = faiss.METRIC_L2 if case["metric"] == "l2" else faiss.METRIC_INNER_PRODUCT
    index = faiss.index_factory(d, case["factory"], metric)
    index.train(vectors)
    if case["factory"].startswith("IDMap"):
        index.add_with_ids(vectors, np.arange(len(vectors), dtype="int64") * 3)
    else:
        index.add(vectors)
    faiss.write_index(index, path(case["name"], "theirs"))
    answer(index, case, "theirs", queries, bitmap)
print(faiss.__version__)
