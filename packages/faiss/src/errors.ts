// The errors of this package: plain TypeError, RangeError or Error with a `code`, each a heading in README.md.

/** What `error.code` can be. */
export type FaissErrorCode =
  | 'ERR_FAISS_TYPE'
  | 'ERR_FAISS_RANGE'
  | 'ERR_FAISS_NOT_FINITE'
  | 'ERR_FAISS_FACTORY'
  | 'ERR_FAISS_UNTRAINED'
  | 'ERR_FAISS_UNSUPPORTED'
  | 'ERR_FAISS_NOT_FOUND'
  | 'ERR_FAISS_RELEASED'
  | 'ERR_FAISS_CORRUPT'
  | 'ERR_FAISS_IO'
  | 'ERR_FAISS_MEMORY'
  | 'ERR_FAISS_INTERNAL'
  | 'ERR_FAISS_NOT_BUILT';

export function typeError(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_FAISS_TYPE' satisfies FaissErrorCode });
}

export function rangeError(message: string): RangeError {
  return Object.assign(new RangeError(message), { code: 'ERR_FAISS_RANGE' satisfies FaissErrorCode });
}

export function codedError(code: FaissErrorCode, message: string, cause?: unknown): Error {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}

/** A value as an error message shows it: short, and never throwing. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'bigint') return `${value}n`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value);
  if (ArrayBuffer.isView(value)) return Object.prototype.toString.call(value).slice(8, -1);
  return Array.isArray(value) ? 'an array' : `a value of type ${typeof value}`;
}
