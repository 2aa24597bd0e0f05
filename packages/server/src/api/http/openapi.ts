// The OpenAPI document, made from the table of routes and the operations' own schemas.

import type { Limits } from '../../config/config.js';
import type { ErrorCode } from '../../errors.js';
import { statusOf } from './errors.js';
import { errorReference, errorSchemas } from './openapi-errors.js';
import { acceptedCodings } from './body/decode.js';
import { commonErrors, type Route, takesEncoding } from './route.js';
import { accountRoutes } from './routes-accounts.js';
import { embeddingRoutes } from './routes-embedding.js';
import { routes } from './routes.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Fields = { readonly [name: string]: Json };

export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly parameters?: readonly Fields[];
  readonly requestBody?: Fields;
  readonly responses: { readonly [status: string]: Fields };
  readonly security?: readonly Fields[];
}

export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: Fields;
  readonly tags: readonly Fields[];
  readonly paths: { readonly [path: string]: { readonly [method: string]: OpenApiOperation } };
  readonly components: Fields;
  readonly security: readonly Fields[];
}

export function openApiDocument(version: string, limits: Limits): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const route of routes) {
    const path = documentedPath(route.url);
    (paths[path] ??= {})[route.method.toLowerCase()] = describeRoute(route, limits);
  }
  for (const page of pages) (paths[page.path] ??= {})['get'] = page.operation;
  return {
    openapi: '3.1.0',
    info: {
      title: 'Voisin',
      version,
      description:
        'Turns text into vectors, keeps them and finds their neighbours. Every error of its own routes has the same body; its code says what to do. A method that a path does not have is a 405 with Allow.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: tags.map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
      schemas: errorSchemas,
    },
    security: [{ apiKey: [] }, { bearer: [] }],
  };
}

const tags = [
  ['indexes', 'Making, looking at and looking after indexes'],
  ['vectors', 'Keeping vectors with their metadata'],
  ['search', 'Finding the nearest'],
  ['streams', 'Whole files in and out'],
  ['embeddings', 'Text to vectors'],
  ['accounts', 'Users, keys, what is left and what was used'],
  ['server', 'Health and numbers'],
] as const;

function describeRoute(route: Route, limits: Limits): OpenApiOperation {
  const { operation, query = [], url } = route;
  const schema = toJsonSchema(operation.input, limits);
  const properties = fieldsOf(schema['properties']);
  const inPath = [...url.matchAll(/:(\w+)/g)].map(([, name]) => name ?? '');
  const parameters = [
    ...inPath.map((name) => ({ name, in: 'path', required: true, schema: properties[name] ?? { type: 'string' } })),
    ...query.map((name) => queryParameter(name, properties[name])),
    ...(takesEncoding(route) && route.body === undefined ? [queryParameter('encoding_format', encodingFormat)] : []),
  ];
  const other = route.alternative && toJsonSchema(route.alternative.route.operation.input, limits);
  const requestBody = bodyOf(route, schema, inPath, other);
  return {
    operationId: `${route.method.toLowerCase()}_${operation.name.replaceAll('.', '_')}`,
    summary: operation.summary,
    tags: [tagOf(route)],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: responsesOf(route, limits),
    ...(route.open === true ? { security: [] } : {}),
  };
}

/** The path as OpenAPI writes it: /v1/index/{index}. */
export function documentedPath(url: string): string {
  return url.replaceAll(/:(\w+)\*?/g, '{$1}');
}

function tagOf({ url, stream }: Route): string {
  if (stream !== undefined) return 'streams';
  if (url.includes('/search')) return 'search';
  if (url.includes('/vectors')) return 'vectors';
  if (url.startsWith('/v1/index')) return 'indexes';
  if (accountRoutes.some((route) => route.url === url)) return 'accounts';
  return embeddingRoutes.some((route) => route.url === url) ? 'embeddings' : 'server';
}

function queryParameter(name: string, schema: Json | undefined): Fields {
  const type = fieldsOf(schema)['type'];
  if (type === 'array')
    return { name, in: 'query', description: 'numbers with commas between them', schema: schema ?? {}, style: 'form', explode: false };
  if (type === 'object') return { name, in: 'query', description: 'as JSON', content: { 'application/json': { schema: schema ?? {} } } };
  return { name, in: 'query', schema: schema ?? streamParameters[name] ?? { type: 'string' } };
}

const encodingFormat: Json = { type: 'string', enum: ['float', 'base64'], default: 'float' };

const streamParameters: { readonly [name: string]: Json } = {
  format: { type: 'string', enum: ['jsonl', 'npy', 'fvecs'], default: 'jsonl' },
  id_prefix: { type: 'string', default: '', description: '.npy and .fvecs: an id is this and the number of its row' },
  start: { type: 'integer', default: 0, description: '.npy and .fvecs: the number of the first row' },
};

function bodyOf(route: Route, schema: Fields, inPath: readonly string[], other: Fields | undefined): Fields | undefined {
  if (route.stream === 'import') {
    const binary = { schema: { type: 'string', format: 'binary' } };
    return { required: true, content: { 'application/x-ndjson': binary, 'application/octet-stream': binary } };
  }
  if (route.body === undefined) return undefined;
  const properties: Record<string, Json> = { ...fieldsOf(schema['properties']), tenant_id: { type: 'string' } };
  if (takesEncoding(route)) properties['encoding_format'] = encodingFormat;
  for (const name of inPath) delete properties[name];
  const required = requiredOf(schema).filter((name) => !inPath.includes(name));
  const own = { type: 'object', properties, additionalProperties: route.dialect !== undefined };
  return { required: route.bodyOptional !== true, content: { 'application/json': { schema: withRequired(own, required, other) } } };
}

/** Where two services share an address, a body has the fields that one of them requires. */
function withRequired(own: Fields, required: readonly string[], other: Fields | undefined): Fields {
  if (other === undefined) return required.length === 0 ? own : { ...own, required };
  const properties = { ...fieldsOf(other['properties']), ...fieldsOf(own['properties']) };
  return { ...own, additionalProperties: true, properties, anyOf: [{ required }, { required: requiredOf(other) }] };
}

function requiredOf(schema: Fields): string[] {
  const { required } = schema;
  return Array.isArray(required) ? required.map(String) : [];
}

function responsesOf(route: Route, limits: Limits): OpenApiOperation['responses'] {
  const responses: Record<string, Fields> = {};
  const answers = [route, ...(route.alternative === undefined ? [] : [route.alternative.route])];
  const shapes = answers.map(({ operation }) => toJsonSchema(operation.output, limits));
  const content: Record<string, Json> = { 'application/json': { schema: shapes.length === 1 ? (shapes[0] ?? {}) : { oneOf: shapes } } };
  if (route.vectors === true)
    content['application/octet-stream'] = { schema: { type: 'string', format: 'binary', description: 'raw little-endian float32' } };
  if (route.stream === 'import')
    content['application/x-ndjson'] = {
      schema: { type: 'string', description: 'a line of progress now and then, the last with done: true' },
    };
  const streamed = { 'application/x-ndjson': binarySchema, 'application/octet-stream': binarySchema };
  responses[route.status] =
    route.status === 204 ? { description: 'Done' } : { description: 'OK', content: route.stream === 'export' ? streamed : content };
  const common = commonErrors.filter((code) => route.open !== true || (code !== 'unauthenticated' && code !== 'rate_limited'));
  return { ...responses, ...errorResponses(route, [...common, ...(route.errors ?? [])]) };
}

/** Errors by their statuses; 415 is an invalid argument wherever a body is read, also where none is wanted. */
function errorResponses(
  route: Pick<Route, 'dialect' | 'alternative' | 'stream'>,
  codes: readonly ErrorCode[],
): OpenApiOperation['responses'] {
  const said = new Map<number, string[]>();
  for (const code of new Set(codes)) said.set(statusOf[code], [...(said.get(statusOf[code]) ?? []), code]);
  const type = route.stream === 'import' ? '' : 'a Content-Type other than application/json, or ';
  said.set(415, [`invalid_argument: ${type}a Content-Encoding other than ${acceptedCodings.replace(', ', ' and ')}`]);
  const content = { 'application/json': { schema: errorReference(route) } };
  return Object.fromEntries([...said].map(([status, list]) => [status, { description: list.join(', '), content }]));
}

const binarySchema = { schema: { type: 'string', format: 'binary' } };

const pages: readonly { path: string; operation: OpenApiOperation }[] = [
  page('/', 'welcome', 'What this is and where its documents are', ['application/json'], true),
  page('/docs', 'docs', 'This reference as a page', ['text/html'], true),
  page('/openapi.json', 'openapi', 'This reference as an OpenAPI document', ['application/json'], false),
  page(
    '/metrics',
    'metrics',
    'Numbers for Prometheus, or as JSON with Accept: application/json; open to all with METRICS_PUBLIC, and 403 without ENABLE_METRICS',
    ['text/plain', 'application/json'],
    false,
  ),
];

function page(
  path: string,
  operationId: string,
  summary: string,
  types: readonly string[],
  open: boolean,
): { path: string; operation: OpenApiOperation } {
  const errors = errorResponses(
    {},
    open ? ['permission_denied', 'internal'] : ['unauthenticated', 'permission_denied', 'unavailable', 'internal'],
  );
  const content = Object.fromEntries(types.map((name) => [name, { schema: { type: name === 'application/json' ? 'object' : 'string' } }]));
  const responses = { '200': { description: 'OK', content }, ...errors };
  return { path, operation: { operationId, summary, tags: ['server'], responses, ...(open ? { security: [] } : {}) } };
}

/** The schema as JSON knows it: typed arrays as arrays, and the configured limits in their places. */
function toJsonSchema(schema: unknown, limits: Limits): Fields {
  return fieldsOf(convert(schema, '', { k: limits.maxK, dimension: limits.maxDimension, limit: limits.pageSize }));
}

function convert(node: unknown, name: string, maxima: { readonly [name: string]: number }): Json {
  if (Array.isArray(node)) return node.map((one) => convert(one, '', maxima));
  if (typeof node !== 'object' || node === null) return isPlain(node) ? node : null;
  const { 'x-json': shown, 'x-expected': _said, ...rest }: Record<string, unknown> = { ...node };
  const result: Record<string, Json> = {};
  for (const [key, value] of Object.entries({ ...(typeof shown === 'object' ? shown : {}), ...rest })) {
    if (!key.startsWith('~') && typeof value !== 'function' && value !== undefined) result[key] = convert(value, key, maxima);
  }
  const maximum = maxima[name];
  return maximum !== undefined && result['type'] === 'integer' ? { ...result, maximum } : result;
}

function isPlain(value: unknown): value is boolean | number | string {
  return typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string';
}

export function fieldsOf(value: Json | undefined): Fields {
  return isFields(value) ? value : {};
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
