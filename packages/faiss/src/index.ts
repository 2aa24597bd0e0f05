// @voisin/faiss: FAISS for Node.
export { Index } from './faiss-index.js';
export { IndexFlatIP, IndexFlatL2, IndexHNSWFlat, IndexIVFFlat, IndexIVFPQ, IndexPQ, IndexScalarQuantizer } from './classes.js';
export { acknowledgedBytes, giveWay, knn, normalize, setThreads, threads, trimHeap } from './helpers.js';
export type { FaissErrorCode } from './errors.js';
export type { Abilities, Metric, NearestOptions, RangeResult, SearchOptions, SearchResult, ThreadOptions } from './types.js';
