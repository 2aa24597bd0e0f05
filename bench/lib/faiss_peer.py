"""The peer of the FAISS benchmarks: answers commands, one JSON object a line, so that both sides are measured in turns."""
import json
import sys
import time

import faiss
import numpy as np

state = {}


def load(path, d):
    state["x"] = np.fromfile(path, dtype="float32").reshape(-1, d)


def queries(path, d):
    state["q"] = np.fromfile(path, dtype="float32").reshape(-1, d)


def build(factory, train=0, threads=1):
    faiss.omp_set_num_threads(threads)
    x = state["x"]
    index = faiss.index_factory(x.shape[1], factory)
    start = time.perf_counter()
    if train:
        index.train(x[:train])
    trained = time.perf_counter()
    index.add(x)
    state["index"] = index
    return {"train": trained - start, "add": time.perf_counter() - trained}


def read(path):
    state["index"] = faiss.read_index(path)


def set(**values):
    inner = state["index"]
    for name, value in values.items():
        if name == "efSearch":
            inner.hnsw.efSearch = value
        else:
            setattr(inner, name, value)


def search(k, rounds=1, threads=1):
    """Microseconds a query, one query a call."""
    faiss.omp_set_num_threads(threads)
    index, q = state["index"], state["q"]
    times = []
    labels = []
    for _ in range(rounds):
        for i in range(len(q)):
            start = time.perf_counter()
            _, found = index.search(q[i : i + 1], k)
            times.append((time.perf_counter() - start) * 1e6)
            labels.append(found[0].tolist())
    return {"times": times, "labels": labels[: len(q)]}


print(json.dumps({"version": faiss.__version__, "options": faiss.get_compile_options().strip()}), flush=True)
for line in sys.stdin:
    command = json.loads(line)
    name = command.pop("do")
    print(json.dumps(globals()[name](**command)), flush=True)
