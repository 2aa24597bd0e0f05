// The words that the room of indexes shares with the operations: what comes in, what goes out.

export type Metric = 'l2' | 'ip' | 'cosine';

/** A JSON object. Kept as it came: key order, `__proto__` and all. */
export type Metadata = { readonly [field: string]: unknown };

/** What a type of index may be told, and what embeds its texts. */
export interface IndexParameters {
  readonly M?: number;
  readonly ef_construction?: number;
  readonly ef_search?: number;
  readonly nlist?: number;
  readonly nprobe?: number;
  readonly m?: number;
  readonly nbits?: number;
  readonly embedding?: { readonly model: string };
}

/** What a caller may say of a new index. Either `index_type` (a FAISS class name or factory string) or `factory`. */
export interface CreateIndex extends IndexParameters {
  readonly name: string;
  readonly dimension: number;
  readonly index_type?: string;
  readonly factory?: string;
  readonly metric?: Metric;
}

export type IndexState = 'ready' | 'untrained' | 'training' | 'compacting' | 'read_only' | 'damaged';

/** The index as every route shows it. */
export interface IndexInfo extends IndexParameters {
  readonly id: string;
  readonly name: string;
  readonly dimension: number;
  readonly index_type: string;
  readonly factory: string;
  readonly metric: Metric;
  readonly tenant_id: string;
  readonly vector_count: number;
  readonly created_at: string;
  readonly state: IndexState;
  /** Why the index is read-only or damaged. */
  readonly reason?: string;
}

export interface IndexStats {
  readonly vector_count: number;
  /** Rows that are deleted or replaced and still stand in FAISS's index until compaction. */
  readonly dead_rows: number;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
  readonly state: IndexState;
  readonly reason?: string;
  /** The FAISS class that answers searches now: a flat index stands in until training is done. */
  readonly serving: string;
  readonly trained: boolean;
  /** When what serves was learned, of a type that needs training. */
  readonly trained_at?: string;
  /** Rows that the type cannot hold, or that what it has learned does not fit: they are compared by their own values. */
  readonly outside_rows?: number;
  /** Changes committed since the index was made, and since its last snapshot. */
  readonly changes: number;
  readonly changes_since_snapshot: number;
  readonly snapshot_at?: string;
  readonly writes_waiting: number;
}

/** Vectors to keep. `values` holds ids.length x dimension floats; `metadata[i]` is the JSON text of an object. */
export interface VectorBatch {
  readonly ids: readonly string[];
  readonly values: Float32Array;
  readonly metadata: readonly string[];
  readonly texts?: readonly (string | undefined)[];
}

export interface StoredVector {
  readonly id: string;
  readonly values: Float32Array;
  readonly metadata: Metadata;
  readonly text?: string;
}

export interface Hit {
  readonly id: string;
  /** Higher is nearer: 1 / (1 + squared distance) for l2, the product for ip and cosine. */
  readonly score: number;
  /** l2: squared distance; ip: the product; cosine: 1 - cosine. */
  readonly distance: number;
  /** JSON text of an object, as it is stored: an answer takes it as it is. */
  readonly metadata: string;
  readonly text: string | undefined;
}

/** Hears of the bytes of an answer before it is made, and throws when they are too many. */
export interface AnswerMeter {
  /** @param answerBytes what the hits add to the answer @param heldBytes what is kept in memory for them */
  add(answerBytes: number, heldBytes: number): void;
}

export interface Page {
  readonly limit: number;
  readonly cursor?: string;
}

export interface VectorPatch {
  readonly values?: Float32Array;
  /** An RFC 7396 merge patch: a null removes its field. */
  readonly metadata?: Metadata;
  readonly text?: string;
}

/** For metrics: what the open indexes hold. */
export interface IndexSize {
  readonly tenant: string;
  readonly index: string;
  readonly vectors: number;
  readonly deadRows: number;
  readonly memoryBytes: number;
  readonly writesWaiting: number;
}
