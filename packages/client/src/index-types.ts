// Indexes as the REST API describes them; docs/rest.md says what each field means.

import type { Values } from './floats.js';

export type Metric = 'l2' | 'ip' | 'cosine';
export type Metadata = Readonly<Record<string, unknown>>;
/** `{ year: { $gte: 2020 }, lang: 'fr' }` */
export type Filter = Readonly<Record<string, unknown>>;

interface IndexParameters {
  readonly M?: number;
  readonly ef_construction?: number;
  readonly ef_search?: number;
  readonly nlist?: number;
  readonly nprobe?: number;
  readonly m?: number;
  readonly nbits?: number;
  /** The index takes texts, and embeds them with this model. */
  readonly embedding?: { readonly model: string };
}

/** `index_type` (a FAISS class name) or `factory` (a FAISS factory string), not both. */
export interface IndexDefinition extends IndexParameters {
  readonly name: string;
  /** May be left out with `embedding`. */
  readonly dimension?: number;
  readonly index_type?: string;
  readonly factory?: string;
  readonly metric?: Metric;
  readonly tenant_id?: string;
}

export type IndexState = 'ready' | 'untrained' | 'training' | 'compacting' | 'read_only' | 'damaged';

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
  /** Why it is read-only or damaged. */
  readonly reason?: string;
}

export interface IndexStats {
  readonly vector_count: number;
  readonly dead_rows: number;
  /** Vectors that the type cannot hold or its training does not fit: they are compared by their own values. */
  readonly outside_rows?: number;
  /** When the type was last trained. */
  readonly trained_at?: string;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
  readonly state: IndexState;
  readonly reason?: string;
  /** The FAISS class that answers now. */
  readonly serving: string;
  readonly trained: boolean;
  readonly changes: number;
  readonly changes_since_snapshot: number;
  readonly snapshot_at?: string;
  readonly writes_waiting: number;
}

/** What is kept under an id: `values`, and with them a `text` if you like; in an index with `embedding` a `text` is enough. */
export interface VectorFields {
  readonly values?: Values;
  readonly text?: string;
  readonly metadata?: Metadata;
}

export interface NewVector extends VectorFields {
  readonly id: string;
}

export interface StoredVector {
  readonly id: string;
  readonly values: Float32Array;
  readonly metadata: Metadata;
  readonly text?: string;
}

export interface RefusedVector {
  /** Where it stood among the vectors of the call, from 0. */
  readonly position: number;
  readonly id?: string;
  readonly error: string;
}

export interface Added {
  /** True when every vector was kept. */
  readonly success: boolean;
  readonly added_count: number;
  readonly failed_count: number;
  /** Some of those that were not kept: the first 1,000 of each request. */
  readonly errors: readonly RefusedVector[];
}

export interface SearchFields {
  /** How many hits at most; default 10. */
  readonly k?: number;
  readonly filter?: Filter;
  /** Hits at most this far (`ip`: of at least this product). */
  readonly max_distance?: number;
  readonly ef_search?: number;
  readonly nprobe?: number;
}

/** A vector, or a text in an index with `embedding`. */
export type Query = Values | string;

export interface Hit {
  readonly id: string;
  /** Higher is nearer. */
  readonly score: number;
  readonly distance: number;
  readonly metadata: Metadata;
  readonly text?: string;
}

export type StreamFormat = 'jsonl' | 'npy' | 'fvecs';

export interface Imported {
  readonly done: boolean;
  readonly imported: number;
  readonly failed: number;
  /** The first 100 that were not kept. */
  readonly errors?: readonly RefusedVector[];
}
