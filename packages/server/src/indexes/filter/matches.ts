// The plain meaning of a filter, one metadata object at a time. The columns must agree with it; it also serves where rows are few.
import { type Condition, type Filter, type Scalar } from './filter.js';
import { type JsonObject, valueAt } from './field-path.js';

/** Whether `filter` is true of `metadata`. */
export function matches(filter: Filter, metadata: JsonObject): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.parts.every((part) => matches(part, metadata));
    case 'or':
      return filter.parts.some((part) => matches(part, metadata));
    case 'not':
      return !matches(filter.part, metadata);
    default:
      return holds(filter, valueAt(metadata, filter.field));
  }
}

function holds(condition: Condition, value: unknown): boolean {
  if (condition.kind === 'exists') return value !== undefined;
  return Array.isArray(value) ? value.some((element) => holdsOne(condition, element)) : holdsOne(condition, value);
}

function holdsOne(condition: Exclude<Condition, { kind: 'exists' }>, value: unknown): boolean {
  switch (condition.kind) {
    case 'in':
      return isScalar(value) && condition.values.has(value);
    case 'contains':
      return typeof value === 'string' && value.includes(condition.text);
    case 'compare':
      if (typeof value === 'number' && typeof condition.value === 'number') return inOrder(value, condition.order, condition.value);
      return typeof value === 'string' && typeof condition.value === 'string' && inOrder(value, condition.order, condition.value);
  }
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** Strings are ordered by their UTF-16 code units, as JavaScript orders them. */
export function inOrder<T extends string | number>(left: T, order: '$gt' | '$gte' | '$lt' | '$lte', right: T): boolean {
  switch (order) {
    case '$gt':
      return left > right;
    case '$gte':
      return left >= right;
    case '$lt':
      return left < right;
    case '$lte':
      return left <= right;
  }
}
