// Which FAISS indexes a managed index may be: FAISS class names and factory strings, read into one shape.
//
// FAISS's own parser of factory strings accepts far more, and some of it ends the process; this is the allow-list.
import { VoisinError } from '../errors.js';
import { indexParameters } from './index-parameters.js';
import type { CreateIndex } from './types.js';

export type IndexType = {
  /** What stands in front: a factory prefix such as 'PCA64' or 'OPQ16_64', and the width behind it. */
  readonly transform?: { readonly factory: string; readonly width: number };
} & (
  | { readonly family: 'flat' }
  | { readonly family: 'sq'; readonly code: string }
  | { readonly family: 'hnsw'; readonly M: number; readonly code?: string }
  | { readonly family: 'ivf'; readonly nlist: number | undefined; readonly code: string }
);

const accepted =
  'accepted are the classes IndexFlat, IndexFlatL2, IndexFlatIP, IndexHNSW, IndexHNSWFlat, IndexHNSWSQ, IndexScalarQuantizer, IndexIVFFlat, IndexIVFPQ, ' +
  'IndexIVFScalarQuantizer, and the factory strings Flat, SQ4|SQ6|SQ8|SQfp16, HNSW{M}[,Flat|,SQ8], IVF{nlist},Flat|SQ8|PQ{m}[x{nbits}], ' +
  'with PCA{d}, PCAR{d}, OPQ{m} or OPQ{m}_{d} in front';

const { M: links, nlist: lists, m: subquantizers, nbits: bits } = indexParameters;

function refuse(field: string, message: string): never {
  throw new VoisinError('invalid_argument', `${field}: ${message}`, { field });
}

function bounded(field: string, what: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) refuse(field, `${what} is ${value}; accepted are ${low} to ${high}`);
  return value;
}

/** Reads the type of a new index. Errors: invalid_argument, naming the field and what is accepted. */
export function parseIndexType(wanted: CreateIndex): IndexType {
  if (wanted.factory !== undefined && wanted.index_type !== undefined) refuse('factory', 'give either `factory` or `index_type`, not both');
  if (wanted.factory !== undefined) return parseFactory('factory', wanted.factory, wanted);
  return parseClass(wanted) ?? parseFactory('index_type', wanted.index_type ?? 'Flat', wanted);
}

function parseClass(wanted: CreateIndex): IndexType | undefined {
  const { dimension } = wanted;
  const M = wanted.M ?? links.usual;
  const hnsw = { family: 'hnsw', M: bounded('M', 'the number of links', M, links.least, links.most) } as const;
  switch (wanted.index_type ?? 'IndexFlatL2') {
    case 'IndexFlat':
    case 'IndexFlatL2':
    case 'IndexFlatIP':
      return { family: 'flat' };
    case 'IndexScalarQuantizer':
      return { family: 'sq', code: 'SQ8' };
    case 'IndexHNSW':
    case 'IndexHNSWFlat':
      return hnsw;
    case 'IndexHNSWSQ':
      return { ...hnsw, code: 'SQ8' };
    case 'IndexIVFFlat':
      return { family: 'ivf', nlist: wanted.nlist, code: 'Flat' };
    case 'IndexIVFScalarQuantizer':
      return { family: 'ivf', nlist: wanted.nlist, code: 'SQ8' };
    case 'IndexIVFPQ':
      return {
        family: 'ivf',
        nlist: wanted.nlist,
        code: productQuantizer('m', wanted.m ?? defaultSubquantizers(dimension), wanted.nbits ?? bits.usual, dimension),
      };
    default:
      return undefined;
  }
}

/** The most subquantizers of 8 dimensions each that divide the dimension; few dimensions get one each. */
function defaultSubquantizers(dimension: number): number {
  for (let m = Math.max(1, Math.floor(dimension / 8)); m > 1; m--) if (dimension % m === 0) return m;
  return 1;
}

function productQuantizer(field: string, m: number, nbits: number, width: number): string {
  bounded(field, 'the number of subquantizers', m, 1, Math.min(subquantizers.most, width));
  bounded(field === 'm' ? 'nbits' : field, 'the bits of a code', nbits, bits.least, bits.most);
  if (width % m !== 0) refuse(field, `${m} subquantizers do not divide ${width} dimensions`);
  return nbits === bits.usual ? `PQ${m}` : `PQ${m}x${nbits}`;
}

function parseFactory(field: string, factory: string, wanted: CreateIndex): IndexType {
  const parts = factory.split(',');
  const transform = parseTransform(field, parts[0] ?? '', wanted.dimension);
  if (transform !== undefined) parts.shift();
  const width = transform?.width ?? wanted.dimension;
  const [first = '', second, ...rest] = parts;
  const front = transform === undefined ? {} : { transform };
  const unknown = (): never => refuse(field, `${JSON.stringify(factory)} is not a type of index that this server keeps; ${accepted}`);
  if (rest.length > 0) return unknown();
  if (second === undefined) {
    const hnsw = /^HNSW(\d{0,4})(?:_(SQ8|SQ4|SQ6|SQfp16))?$/.exec(first);
    if (hnsw !== null) return { ...front, ...hnswType(field, hnsw[1], hnsw[2], wanted.M) };
    if (first === 'Flat') return { ...front, family: 'flat' };
    if (/^SQ(4|6|8|fp16)$/.test(first)) return { ...front, family: 'sq', code: first };
    return unknown();
  }
  const hnsw = /^HNSW(\d{0,4})$/.exec(first);
  if (hnsw !== null && /^(Flat|SQ8|SQ4|SQ6|SQfp16)$/.test(second))
    return { ...front, ...hnswType(field, hnsw[1], second === 'Flat' ? undefined : second, wanted.M) };
  const ivf = /^IVF(\d{1,7})$/.exec(first);
  if (ivf === null) return unknown();
  const nlist = bounded(field, 'the number of lists', Number(ivf[1]), lists.least, lists.most);
  if (/^(Flat|SQ8|SQ4|SQ6|SQfp16)$/.test(second)) return { ...front, family: 'ivf', nlist, code: second };
  const pq = /^PQ(\d{1,5})(?:x(\d{1,2}))?$/.exec(second);
  if (pq === null) return unknown();
  return {
    ...front,
    family: 'ivf',
    nlist,
    code: productQuantizer(field, Number(pq[1]), pq[2] === undefined ? bits.usual : Number(pq[2]), width),
  };
}

function hnswType(field: string, digits: string | undefined, code: string | undefined, given: number | undefined): IndexType {
  const M = digits ? Number(digits) : (given ?? links.usual);
  bounded(field, 'the number of links', M, links.least, links.most);
  return code === undefined ? { family: 'hnsw', M } : { family: 'hnsw', M, code };
}

function parseTransform(field: string, part: string, dimension: number): { factory: string; width: number } | undefined {
  const pca = /^(PCAR?)(\d{1,6})$/.exec(part);
  if (pca !== null) return { factory: part, width: bounded(field, 'the width behind PCA', Number(pca[2]), 1, dimension) };
  const opq = /^OPQ(\d{1,5})(?:_(\d{1,6}))?$/.exec(part);
  if (opq === null) return undefined;
  const width = opq[2] === undefined ? dimension : bounded(field, 'the width behind OPQ', Number(opq[2]), 1, dimension);
  const m = bounded(field, 'the number of subquantizers of OPQ', Number(opq[1]), 1, Math.min(subquantizers.most, width));
  if (width % m !== 0) refuse(field, `OPQ's ${m} subquantizers do not divide ${width} dimensions`);
  return { factory: part, width };
}

/** FAISS's factory string, with `nlist` lists where the definition leaves their number to the size of the index. */
export function factoryString(type: IndexType, nlist = 0): string {
  const front = type.transform === undefined ? '' : `${type.transform.factory},`;
  switch (type.family) {
    case 'flat':
      return `${front}Flat`;
    case 'sq':
      return front + type.code;
    case 'hnsw':
      return `${front}HNSW${type.M},${type.code ?? 'Flat'}`;
    case 'ivf':
      return `${front}IVF${type.nlist ?? nlist},${type.code}`;
  }
}

/**
 * What training starts from. `np` leaves out the ordering of PQ codes for polysemous filtering, which nobody here uses and which takes most of the
 * training: 4,000 vectors of 24 dimensions into IVF16,PQ12 took 70 s with it and 0.2 s without.
 */
export function trainingFactory(type: IndexType, nlist: number): string {
  return factoryString(type, nlist) + (type.family === 'ivf' && type.code.startsWith('PQ') ? 'np' : '');
}

/** The FAISS class that a type is, for the definition's `index_type`. */
export function className(type: IndexType): string {
  if (type.transform !== undefined) return 'IndexPreTransform';
  switch (type.family) {
    case 'flat':
      return 'IndexFlat';
    case 'sq':
      return 'IndexScalarQuantizer';
    case 'hnsw':
      return type.code === undefined ? 'IndexHNSWFlat' : 'IndexHNSWSQ';
    case 'ivf':
      if (type.code === 'Flat') return 'IndexIVFFlat';
      return type.code.startsWith('PQ') ? 'IndexIVFPQ' : 'IndexIVFScalarQuantizer';
  }
}

/** Points a centroid wants before k-means is worth its name: FAISS's own ClusteringParameters.min_points_per_centroid. */
const pointsPerCentroid = 39;

/** How many lists suit n vectors: 4 sqrt(n), FAISS's own guideline for up to a million, as far as training points allow. */
export function listsFor(n: number): number {
  return Math.max(1, Math.min(Math.round(4 * Math.sqrt(n)), Math.floor(n / pointsPerCentroid), lists.most));
}

/**
 * Vectors that training wants (`good`: the index switches by itself from there) and those without which it cannot be done at all (`least`).
 * undefined: the type needs no training. Sources: FAISS trains a quantizer of k centroids on at least k points and warns below 39 k;
 * SQ needs one vector to see a range (SQfp16 none: it rounds); PCA needs as many vectors as it keeps dimensions.
 */
export function trainingNeeds(type: IndexType): { good: number; least: number } | undefined {
  const needs: { good: number; least: number }[] = [];
  const isHalfFloats = type.family === 'sq' && type.code === 'SQfp16';
  if (type.transform !== undefined) {
    const { factory, width } = type.transform;
    needs.push(
      factory.startsWith('OPQ') ? { good: 256 * pointsPerCentroid, least: 256 } : { good: Math.max(1000, 10 * width), least: width },
    );
  }
  if (type.family !== 'flat' && type.code?.startsWith('SQ') === true && !isHalfFloats) needs.push({ good: 1000, least: 1 });
  if (type.family === 'ivf') {
    const nlist = type.nlist ?? 64;
    needs.push({ good: nlist * pointsPerCentroid, least: type.nlist ?? 1 });
    if (type.code.startsWith('PQ')) {
      const centroids = 2 ** Number(type.code.split('x')[1] ?? bits.usual);
      needs.push({ good: centroids * pointsPerCentroid, least: centroids });
    }
  }
  if (needs.length === 0) return undefined;
  return { good: Math.max(...needs.map(({ good }) => good)), least: Math.max(...needs.map(({ least }) => least)) };
}
