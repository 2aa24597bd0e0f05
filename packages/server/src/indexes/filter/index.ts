// Filters over metadata: the room's face.
export { type Filter, filterKey, type Scalar } from './filter.js';
export { filterLimits, parseFilter } from './parse-filter.js';
export { matches } from './matches.js';
export { Columns, type ColumnsOptions } from './columns.js';
export { type MetadataBatch, type MetadataSource } from './metadata-pass.js';
export { andBitmaps, countBits, fullBitmap, hasBit, positionsOf } from './bitmap.js';
