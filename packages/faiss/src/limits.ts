// The limits of every argument.

/** Floats a vector. */
export const maxDimension = 65_536;
/** Results of one call: queries times k. */
export const maxResults = 2 ** 27;
/** Elements of one array: what fits an ArrayBuffer of 8 GB as float32. */
export const maxElements = 2 ** 31;
/** efSearch and efConstruction. */
export const maxEf = 1_000_000;
export const maxThreads = 1_024;
/** The largest number that Linux gives a thread. */
export const maxThreadId = 2 ** 22;
/** The largest number of an open file: Linux's own bound is below it. */
export const maxDescriptor = 2 ** 31 - 1;
