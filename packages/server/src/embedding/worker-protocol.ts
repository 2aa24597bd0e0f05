// What the server and an inference process say to each other, over the process's own channel.
import type { ModelToLoad } from './models/model-description.js';

/** The first message to a process: what to load, and how. */
export interface LoadRequest {
  readonly kind: 'load';
  readonly model: ModelToLoad;
  readonly threads: number;
  /** Threads without work spin for a while before they sleep. */
  readonly spin: boolean;
  /** Texts of a batch are run one after another where the graph's dynamic int8 takes its scales from everything that runs together. */
  readonly oneByOne: boolean;
}

/** One batch: the ids of all texts one after another, and how many each text has. */
export interface RunRequest {
  readonly kind: 'run';
  readonly id: number;
  readonly ids: Int32Array;
  readonly lengths: Int32Array;
}

/** Longest text whose memory an arena may keep. */
const ARENA_TOKENS = 512;

/** ONNX Runtime keeps the memory of the model's runs in an arena of its own; else the C library has it between two runs. */
export const hasArena = ({ maxTokens }: ModelToLoad): boolean => maxTokens <= ARENA_TOKENS;

/** What a process says of the model that it has loaded. */
export interface LoadedModel {
  /** What caches know its vectors by: fingerprint.ts. */
  readonly hash: string;
  /** Texts of a batch are neither padded nor seen by one another: any of them may run together. */
  readonly keepsTextsApart: boolean;
}

export type WorkerRequest = LoadRequest | RunRequest;

export type WorkerReply =
  | ({ readonly kind: 'ready' } & LoadedModel)
  | { readonly kind: 'failed'; readonly message: string }
  /** Pooled, not normalised, one row a text in the order of the request. */
  | { readonly kind: 'vectors'; readonly id: number; readonly values: Float32Array }
  | { readonly kind: 'error'; readonly id: number; readonly message: string };

const hasKind = (value: unknown): value is { readonly kind: unknown } => typeof value === 'object' && value !== null && 'kind' in value;

export function isWorkerReply(value: unknown): value is WorkerReply {
  return hasKind(value) && (value.kind === 'ready' || value.kind === 'failed' || value.kind === 'vectors' || value.kind === 'error');
}

export function isWorkerRequest(value: unknown): value is WorkerRequest {
  return hasKind(value) && (value.kind === 'load' || value.kind === 'run');
}

/** Each text of a batch as a batch of its own. */
export function* oneByOne({ kind, id, ids, lengths }: RunRequest): Generator<RunRequest> {
  let offset = 0;
  for (const length of lengths) yield { kind, id, ids: ids.subarray(offset, (offset += length)), lengths: Int32Array.of(length) };
}

/** The batch of these texts' ids as one message. */
export function runRequest(id: number, texts: readonly Int32Array[]): RunRequest {
  const lengths = Int32Array.from(texts, (ids) => ids.length);
  const ids = new Int32Array(lengths.reduce((sum, length) => sum + length, 0));
  let offset = 0;
  for (const text of texts) {
    ids.set(text, offset);
    offset += text.length;
  }
  return { kind: 'run', id, ids, lengths };
}
