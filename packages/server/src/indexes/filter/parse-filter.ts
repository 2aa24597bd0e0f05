// From the JSON of a request to a filter. Every mistake names the path to it.
//
//   filter    = {} | { FIELD: value | { OPERATOR: operand, ... }, "$and" | "$or": [filter, ...], "$not": filter, ... }     all entries must be true
//   operators = $eq $ne (a value), $gt $gte $lt $lte (a number or string), $in $nin (values), $exists (true or false), $contains (a string)
//   value     = string | finite number | true | false | null
//
// A comparison is true only of a value of the same type, and of an array when it is true of any of its elements. $ne and $nin are exactly
// "not $eq" and "not $in": true where the field is missing, false of an array that holds the value. A field that is null exists.
// What a dotted field means is in field-path.ts. Two operators on one field may be met by two elements of an array.
import { VoisinError } from '../../errors.js';
import { type Filter, type Scalar } from './filter.js';
import { isObject } from './field-path.js';

export const filterLimits = { conditions: 100, levels: 8, values: 1000, fieldLength: 512 } as const;

const logical = ['$and', '$or', '$not'];
const comparisons = ['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$exists', '$contains'];

/** Reads a filter. `{}` is true of everything. Throws invalid_argument, its message and `details.field` naming the place, which starts with `path`. */
export function parseFilter(json: unknown, path = 'filter'): Filter {
  return new Parser(path).filter(json, path, 1);
}

class Parser {
  readonly #root: string;
  #conditions = 0;

  constructor(root: string) {
    this.#root = root;
  }

  filter(json: unknown, path: string, level: number): Filter {
    if (!isObject(json)) throw wrong(path, `must be an object such as {"source": "a"}; got ${describe(json)}`);
    if (level > filterLimits.levels) throw wrong(path, `is nested too deeply; at most ${filterLimits.levels} levels are accepted`);
    const entries = Object.entries(json);
    // An empty filter counts too: so the whole tree is bounded, not only its comparisons.
    if (entries.length === 0) this.#count();
    const parts = entries.flatMap(([name, value]) => this.#entry(name, value, step(path, name), level));
    return parts.length === 1 && parts[0] ? parts[0] : { kind: 'and', parts };
  }

  #entry(name: string, value: unknown, path: string, level: number): Filter[] {
    if (name === '$not') return [{ kind: 'not', part: this.filter(value, path, level + 1) }];
    if (name === '$and' || name === '$or') {
      if (!Array.isArray(value) || value.length === 0) throw wrong(path, `must be an array of one or more filters; got ${describe(value)}`);
      const parts = value.map((part: unknown, i) => this.filter(part, `${path}[${i}]`, level + 1));
      return [{ kind: name === '$and' ? 'and' : 'or', parts }];
    }
    if (name.startsWith('$')) {
      const hint = comparisons.includes(name) ? ` (${name} goes inside a field: {"year": {"${name}": ...}})` : '';
      throw wrong(path, `unknown operator${hint}; accepted here: a field's name, ${logical.join(', ')}`);
    }
    if (name.length > filterLimits.fieldLength) {
      throw wrong(path, `the field's name has ${name.length} characters; at most ${filterLimits.fieldLength} are accepted`);
    }
    return this.#field(name, value, path);
  }

  #field(field: string, value: unknown, path: string): Filter[] {
    if (!isObject(value)) {
      this.#count();
      return [{ kind: 'in', field, values: new Set([scalar(value, path, 'use {"$in": [...]} for any of several values')]) }];
    }
    const operators = Object.entries(value);
    if (operators.length === 0) throw wrong(path, `has no operator; accepted: a value or an object with ${comparisons.join(', ')}`);
    return operators.map(([operator, operand]) => {
      this.#count();
      return condition(field, operator, operand, step(path, operator));
    });
  }

  #count(): void {
    if (++this.#conditions > filterLimits.conditions) {
      throw wrong(this.#root, `has more than ${filterLimits.conditions} conditions, which is the most that is accepted`);
    }
  }
}

function condition(field: string, operator: string, operand: unknown, path: string): Filter {
  switch (operator) {
    case '$eq':
      return { kind: 'in', field, values: new Set([scalar(operand, path)]) };
    case '$ne':
      return { kind: 'not', part: { kind: 'in', field, values: new Set([scalar(operand, path)]) } };
    case '$in':
      return { kind: 'in', field, values: scalars(operand, path) };
    case '$nin':
      return { kind: 'not', part: { kind: 'in', field, values: scalars(operand, path) } };
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte': {
      const value = scalar(operand, path);
      if (typeof value === 'string' || typeof value === 'number') return { kind: 'compare', field, order: operator, value };
      throw wrong(path, `must be a number or a string; got ${describe(operand)}`);
    }
    case '$contains':
      if (typeof operand !== 'string') throw wrong(path, `must be a string; got ${describe(operand)}`);
      return { kind: 'contains', field, text: operand };
    case '$exists':
      if (typeof operand !== 'boolean') throw wrong(path, `must be true or false; got ${describe(operand)}`);
      return operand ? { kind: 'exists', field } : { kind: 'not', part: { kind: 'exists', field } };
    default: {
      const inner = operator.startsWith('$')
        ? ''
        : ` (a field inside an object is named with a dot: ${JSON.stringify(`${field}.${operator}`.slice(0, 80))})`;
      throw wrong(path, `unknown operator${inner}; accepted: ${comparisons.join(', ')}`);
    }
  }
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}

function scalar(value: unknown, path: string, hint?: string): Scalar {
  if (isScalar(value)) return value;
  throw wrong(
    path,
    `must be a string, a finite number, true, false or null; got ${describe(value)}${hint && Array.isArray(value) ? `; ${hint}` : ''}`,
  );
}

function scalars(value: unknown, path: string): Set<Scalar> {
  if (!Array.isArray(value)) throw wrong(path, `must be an array of values; got ${describe(value)}`);
  if (value.length > filterLimits.values) throw wrong(path, `has ${value.length} values; at most ${filterLimits.values} are accepted`);
  const found = new Set<Scalar>();
  // The path is made where something is wrong: a filter may have 100,000 values.
  for (const [i, element] of value.entries()) found.add(isScalar(element) ? element : scalar(element, `${path}[${i}]`));
  return found;
}

function wrong(path: string, message: string): VoisinError {
  return new VoisinError('invalid_argument', `${path}: ${message}`, { field: path });
}

function step(path: string, name: string): string {
  const shown = name.length > 64 ? `${name.slice(0, 64)}...` : name;
  return /^[\w$.-]+$/.test(name) ? `${path}.${shown}` : `${path}[${JSON.stringify(shown)}]`;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return value === null ? 'null' : 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'object') return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return `the ${typeof value} ${text.length > 40 ? `${text.slice(0, 40)}...` : text}`;
}
