// From the parts of a request to an operation's input: path, query and body have one name for each field, and no part hides another.

import type { TSchema } from 'typebox';
import { VoisinError } from '../../errors.js';
import { parseBody, parseField, type ParseLimits } from './body/parse-body.js';
import { toInput } from './body/columns.js';
import { NotUtf8, notUtf8 } from './query-text.js';
import { type Route, takesEncoding } from './route.js';

type Fields = Readonly<Record<string, unknown>>;

export interface RequestParts {
  readonly params: Fields;
  readonly query: Fields;
  readonly body: Fields | undefined;
}

/** The name of the rest of a path, in a row whose url ends with :name*. */
export function restName(url: string): string | undefined {
  return /:(\w+)\*$/.exec(url)?.[1];
}

/**
 * What the wire itself understands in a request, beside the operation's input.
 * `tenant_id` may stand in any body or query; `encoding_format` where `takesEncoding`.
 */
export interface TakenInput {
  readonly input: Record<string, unknown>;
  readonly tenantId: string | undefined;
  readonly encoding: 'float' | 'base64' | undefined;
}

/** @throws VoisinError invalid_argument for a query parameter or a field that is not known here */
export function takeInput(route: Route, { params, query, body }: RequestParts, limits: ParseLimits): TakenInput {
  const properties = propertiesOf(route.operation.input);
  const input: Record<string, unknown> = {};
  let tenantId: unknown;
  let encoding: unknown;
  const hasEncoding = takesEncoding(route);
  for (const [name, text] of Object.entries(query)) {
    const bad = [text].flat().find((value) => value instanceof NotUtf8);
    if (bad !== undefined) throw notUtf8(name.slice(0, 100), bad.raw);
    if (name === 'tenant_id') tenantId = once(name, text);
    else if (name === 'encoding_format' && hasEncoding) encoding = once(name, text);
    else if (route.query?.includes(name) === true) input[name] = fromText(name, once(name, text), properties[name], limits);
    else if (route.dialect === undefined) throw unknownQuery(name, route);
  }
  if (body !== undefined) {
    for (const [name, value] of Object.entries(body)) {
      // Many clients send null for a field that they leave out.
      if (value === null && isOptional(name, route)) continue;
      if (Object.hasOwn(query, name) && takesFromQuery(route, name)) throw givenTwice(name);
      if (name === 'tenant_id') tenantId = value;
      else if (name === 'encoding_format' && hasEncoding) encoding = value;
      else if (Object.hasOwn(properties, name) && !Object.hasOwn(params, name)) input[name] = value;
      else if (route.dialect === undefined) throw unknownField(name, route, params);
    }
  }
  Object.assign(input, params);
  return { input, tenantId: checkTenant(tenantId), encoding: checkEncoding(encoding) };
}

/** Of a body: what the operation does not require, and what the wire itself understands. Clients of other services also send unknown fields. */
function isOptional(name: string, route: Route): boolean {
  const { input } = route.operation;
  if (route.dialect !== undefined || name === 'tenant_id') return true;
  if (name === 'encoding_format') return takesEncoding(route);
  const required: unknown = 'required' in input ? input.required : undefined;
  return Object.hasOwn(propertiesOf(input), name) && !(Array.isArray(required) && required.includes(name));
}

export function propertiesOf(schema: TSchema): Readonly<Record<string, Fields>> {
  return 'properties' in schema && isRecords(schema.properties) ? schema.properties : {};
}

function isRecords(value: unknown): value is Readonly<Record<string, Fields>> {
  return typeof value === 'object' && value !== null;
}

/** What else is in a query was refused, or is ignored by a dialect. */
function takesFromQuery(route: Route, name: string): boolean {
  return name === 'tenant_id' || (name === 'encoding_format' && takesEncoding(route)) || route.query?.includes(name) === true;
}

function givenTwice(name: string): VoisinError {
  const field = name.slice(0, 100);
  return new VoisinError('invalid_argument', `${field}: expected once, got it in the query and in the body; send one of the two`, {
    field,
  });
}

function once(name: string, text: unknown): string {
  if (typeof text === 'string') return text;
  throw new VoisinError('invalid_argument', `${name}: expected once in the query, got it several times`, { field: name });
}

function unknownQuery(name: string, route: Route): VoisinError {
  const { query = [] } = route;
  const accepted = takesEncoding(route) ? [...query, 'encoding_format'] : query;
  const field = name.slice(0, 100);
  const message = `${field}: unknown query parameter; accepted here: ${accepted.length === 0 ? 'none' : accepted.join(', ')}`;
  return new VoisinError('invalid_argument', message, { field });
}

function unknownField(name: string, route: Route, params: Fields): VoisinError {
  const accepted = Object.keys(propertiesOf(route.operation.input)).filter((one) => !Object.hasOwn(params, one));
  if (takesEncoding(route)) accepted.push('encoding_format');
  const field = name.slice(0, 100);
  return new VoisinError('invalid_argument', `${field}: unknown field; accepted here: ${accepted.join(', ')}`, { field });
}

/** A query parameter is text; its schema says what the text stands for. What does not fit stays text, and the schema refuses it by name. */
function fromText(name: string, text: string, schema: Fields | undefined, limits: ParseLimits): unknown {
  const json = schema?.['x-json'];
  const type = typeof json === 'object' && json !== null && 'type' in json ? json.type : schema?.['type'];
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text;
  if (type === 'array') return numbers(name, text, limits);
  if (type === 'object') return named(name, () => parseField(text, name, limits));
  return text;
}

function numbers(name: string, text: string, limits: ParseLimits): unknown {
  const list = text.replace(/^\s*\[|\]\s*$/g, '');
  const stranger = list.split(',').find((one) => !/^\s*-?\d+(\.\d+)?([eE][+-]?\d+)?\s*$/.test(one));
  if (stranger === undefined || list.trim() === '') return named(name, () => vectorOf(`{"vector":[${list}]}`, limits));
  const got = JSON.stringify(stranger.slice(0, 60));
  throw new VoisinError('invalid_argument', `${name}: expected numbers with commas between them, as 0.1,0.2,0.3, got ${got}`, {
    field: name,
  });
}

const vectorOf = (json: string, limits: ParseLimits): unknown => toInput(parseBody(Buffer.from(json), 'vector', limits))['vector'];

/** What a body's parser says of a field, said of a query parameter. */
function named(name: string, parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof VoisinError)) throw error;
    throw new VoisinError('invalid_argument', `${name}: ${error.message.replace(/^(body|vector|filter): /, '')}`, { field: name });
  }
}

function checkTenant(tenantId: unknown): string | undefined {
  if (tenantId === undefined) return undefined;
  if (typeof tenantId === 'string' && /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(tenantId)) return tenantId;
  const got = JSON.stringify(tenantId)?.slice(0, 100) ?? 'nothing';
  throw new VoisinError('invalid_argument', `tenant_id: expected 1 to 64 of A-Z a-z 0-9 _ - . (no dot first), got ${got}`, {
    field: 'tenant_id',
  });
}

function checkEncoding(encoding: unknown): TakenInput['encoding'] {
  if (encoding === undefined || encoding === 'float' || encoding === 'base64') return encoding;
  const got = JSON.stringify(encoding)?.slice(0, 100) ?? 'nothing';
  throw new VoisinError('invalid_argument', `encoding_format: expected "float" or "base64", got ${got}`, { field: 'encoding_format' });
}
