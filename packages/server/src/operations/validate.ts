// Turns a schema into a check whose errors a person can act on: the field, what came, what is accepted.

import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { VoisinError } from '../errors.js';

export type Check<T> = (input: unknown) => T;

interface Problem {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

/** @returns a function that gives its argument back typed, or throws VoisinError invalid_argument. */
export function compileCheck<Schema extends TSchema>(schema: Schema): Check<Static<Schema>> {
  const validator = Compile(schema);
  const accepts = (input: unknown): input is Static<Schema> => validator.Check(input);
  return (input) => {
    if (accepts(input)) return input;
    throw describe(schema, input, validator.Errors(input));
  };
}

/** A value as an error message shows it: its JSON, short. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (ArrayBuffer.isView(value)) return 'a vector';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  // JSON has no text for 1e400.
  if (value === Infinity || value === -Infinity) return 'a number that no double holds';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}... (${text.length} characters)` : text;
}

function describe(schema: TSchema, input: unknown, problems: readonly Problem[]): VoisinError {
  const problem =
    problems.find((one) => one.keyword === 'additionalProperties') ?? problems.find((one) => one.keyword === 'anyOf') ?? problems[0];
  if (problem === undefined) return new VoisinError('invalid_argument', 'the request does not fit its schema');
  const segments = problem.instancePath.split('/').slice(1).map(unescapePointer);
  const params: Readonly<Record<string, unknown>> = { ...problem.params };
  if (problem.keyword === 'additionalProperties') {
    const unknown = firstString(params['additionalProperties']) ?? '?';
    const field = fieldPath([...segments, unknown]);
    return new VoisinError('invalid_argument', `${field}: unknown field; accepted here: ${accepted(schema, segments)}`, { field });
  }
  if (problem.keyword === 'required') {
    const missing = firstString(params['requiredProperties']) ?? '?';
    const field = fieldPath([...segments, missing]);
    return new VoisinError('invalid_argument', `${field}: required, but nothing came; ${expectation(at(schema, [...segments, missing]))}`, {
      field,
    });
  }
  const field = fieldPath(segments);
  const value = valueAt(input, segments);
  const own = problem.keyword === '~refine' && typeof params['message'] === 'string' ? params['message'] : undefined;
  const wanted = own ?? expectation(at(schema, segments)) ?? problem.message;
  const message = wanted.includes(', got ') ? `${field}: ${wanted}` : `${field}: ${wanted}, got ${show(value)}`;
  return new VoisinError('invalid_argument', message, { field });
}

function fieldPath(segments: readonly string[]): string {
  if (segments.length === 0) return 'body';
  return segments.map((one, i) => (/^\d+$/.test(one) ? `[${one}]` : i === 0 ? one : `.${one}`)).join('');
}

function unescapePointer(segment: string): string {
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}

function firstString(list: unknown): string | undefined {
  return Array.isArray(list) && typeof list[0] === 'string' ? list[0] : undefined;
}

function valueAt(input: unknown, segments: readonly string[]): unknown {
  let value = input;
  for (const segment of segments) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, segment)?.value;
  }
  return value;
}

type Node = Readonly<Record<string, unknown>>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function at(schema: TSchema, segments: readonly string[]): Node {
  let node: Node = { ...schema };
  for (const segment of segments) {
    const properties = node['properties'];
    const next = isNode(properties) && isNode(properties[segment]) ? properties[segment] : node['items'];
    node = isNode(next) ? next : {};
  }
  return node;
}

function accepted(schema: TSchema, segments: readonly string[]): string {
  const properties = at(schema, segments)['properties'];
  return isNode(properties) ? Object.keys(properties).join(', ') : 'nothing';
}

/** What a schema node takes, in words: "expected an integer from 1 to 10000". */
function expectation(node: Node): string {
  const { type, minimum, maximum, minLength, maxLength, minItems, maxItems, enum: choices } = node;
  if (Array.isArray(choices)) return `expected one of ${choices.map((one) => JSON.stringify(one)).join(', ')}`;
  if (typeof node['x-expected'] === 'string') return `expected ${node['x-expected']}`;
  const bounds = (low: unknown, high: unknown, unit: string): string => {
    if (low !== undefined && high !== undefined) return ` of ${String(low)} to ${String(high)}${unit}`;
    if (low !== undefined) return ` of at least ${String(low)}${unit}`;
    return high === undefined ? '' : ` of at most ${String(high)}${unit}`;
  };
  switch (type) {
    case 'integer':
      return `expected an integer${bounds(minimum, maximum, '')}`;
    case 'number':
      return `expected a number${bounds(minimum, maximum, '')}`;
    case 'string':
      return `expected a string${bounds(minLength, maxLength, ' characters')}`;
    case 'array':
      return `expected an array${bounds(minItems, maxItems, ' items')}`;
    case 'boolean':
      return 'expected true or false';
    case 'object':
      return 'expected an object';
    default:
      return 'see the reference for what is accepted';
  }
}
