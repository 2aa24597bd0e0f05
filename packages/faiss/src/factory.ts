// FAISS's factory strings, those that we accept. FAISS's own parser ends the process or takes all memory on some strings, so every
// string is parsed here first.
import { codedError, shown } from './errors.js';

const accepted =
  'accepted are Flat, SQ4, SQ6, SQ8, SQfp16, PQ<m>[x<bits>][np], HNSW<M>[,Flat|,SQ8|,PQ<m>] and IVF<lists>[_HNSW<M>],<Flat|SQ8|PQ<m>>, ' +
  'behind any of PCA<d>, PCAR<d>, PCAW<d>, PCAWR<d>, OPQ<m>[_<d>], RR<d>, L2norm, and IDMap, or IDMap2, in front';

const maxLists = 262_144;
const maxLinks = 512;
/** Bytes of a product quantizer's codebook. */
const maxCodebookBytes = 2 ** 28;

/** Throws ERR_FAISS_FACTORY when FAISS would not make an index of the string, or should not. */
export function checkFactory(dimension: number, factory: string, metric: 'l2' | 'ip'): void {
  const refuse = (why: string) => codedError('ERR_FAISS_FACTORY', `factory ${shown(factory)}: ${why}`);
  const within = (digits: string, what: string, min: number, max: number): number => {
    const value = Number(digits);
    if (digits.length > 9 || value < min || value > max) throw refuse(`${what} must be from ${min} to ${max}, not ${digits.slice(0, 20)}`);
    return value;
  };
  const checkQuantizer = (m: string, bits: string | undefined, np: boolean, d: number, maxBits: number): void => {
    const count = within(m, 'the number of sub-vectors', 1, d);
    if (d % count !== 0) throw refuse(`the ${d} dimensions cannot be cut into ${count} equal parts`);
    const nbits = bits === undefined ? 8 : within(bits, 'the bits of a code', 1, maxBits);
    // Without np FAISS orders the codes after training, in time and memory that grow with the square of their number.
    if (nbits > 8 && !np) throw refuse(`codes of more than 8 bits need np at the end`);
    if (d * 2 ** nbits * 4 > maxCodebookBytes)
      throw refuse(`its codebook would take ${d * 2 ** nbits * 4} bytes; at most ${maxCodebookBytes}`);
  };
  const checkCodes = (codes: string, d: number, inner: 'ivf' | 'hnsw' | 'alone'): boolean => {
    if (/^(Flat|SQ4|SQ6|SQ8|SQfp16)$/.test(codes)) return true;
    const quantizer = (inner === 'hnsw' ? /^PQ(\d+)(np)?$/ : /^PQ(\d+)(?:x(\d+))?(np)?$/).exec(codes);
    if (quantizer === null) return false;
    if (inner === 'hnsw') {
      if (metric === 'ip') throw refuse('HNSW over PQ knows only the metric l2');
      checkQuantizer(quantizer[1] ?? '', undefined, quantizer[2] !== undefined, d, 8);
    } else {
      checkQuantizer(quantizer[1] ?? '', quantizer[2], quantizer[3] !== undefined, d, inner === 'ivf' ? 8 : 16);
    }
    return true;
  };

  if (factory.length > 200) throw refuse('it is longer than 200 characters');
  let rest = factory.replace(/^IDMap2?,/, '');
  let d = dimension;
  for (let count = 0; ; count++) {
    const transform = /^(?:PCA(?:W?R?)(\d+)|OPQ(\d+)(?:_(\d+))?|RR(\d+)?|L2[nN]orm),/.exec(rest);
    if (transform === null) break;
    if (count === 4) throw refuse('at most four transforms are accepted');
    const [all, pca, opq, opqDimension, rotation] = transform;
    if (pca !== undefined) d = within(pca, 'the dimensions of PCA', 1, d);
    if (rotation !== undefined) d = within(rotation, 'the dimensions of RR', 1, d);
    if (opq !== undefined) {
      d = opqDimension === undefined ? d : within(opqDimension, 'the dimensions of OPQ', 1, d);
      const parts = within(opq, 'the sub-vectors of OPQ', 1, d);
      if (d % parts !== 0) throw refuse(`the ${d} dimensions cannot be cut into ${parts} equal parts`);
    }
    rest = rest.slice(all.length);
  }
  const hnsw = /^HNSW(\d*)(?:[,_](.*))?$/.exec(rest);
  const ivf = /^IVF(\d+)(?:_HNSW(\d*))?,(.*)$/.exec(rest);
  if (hnsw !== null) {
    // With one link FAISS divides by the logarithm of 1.
    if (hnsw[1] !== undefined && hnsw[1] !== '') within(hnsw[1], 'the links of HNSW', 2, maxLinks);
    if (hnsw[2] === undefined || checkCodes(hnsw[2], d, 'hnsw')) return;
  } else if (ivf !== null) {
    within(ivf[1] ?? '', 'the number of lists', 1, maxLists);
    if (ivf[2] !== undefined && ivf[2] !== '') within(ivf[2], 'the links of HNSW', 2, maxLinks);
    if (checkCodes(ivf[3] ?? '', d, 'ivf')) return;
  } else if (checkCodes(rest, d, 'alone')) {
    return;
  }
  throw refuse(accepted);
}
