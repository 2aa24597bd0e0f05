// Where @huggingface/tokenizers normalises a text otherwise than Hugging Face's tokenizers in Rust, by which models were trained: such a text is given
// to it in a form that leaves it no choice. Compared over every code point; what still differs came with a newer Unicode than the other's tables.
import { isObject } from './models/model-files.js';

/** JavaScript ends a word with another small sigma, ς; Rust puts each character into lower case by itself. */
const capitalSigma = /Σ/g;
/** BertNormalizer's ideographs outside the first plane, which the library looks for by half pairs, and so never finds. */
const farIdeograph = /[\u{20000}-\u{2A6DF}\u{2A700}-\u{2B81F}\u{2B920}-\u{2CEAF}\u{2F800}-\u{2FA1F}]/gu;

/** @param normalizer as tokenizer.json has it */
export function asRustNormalizes(normalizer: unknown): (text: string) => string {
  const parts = partsOf(normalizer);
  const isBert = (has: string) => parts.some((part) => part['type'] === 'BertNormalizer' && part[has] === true);
  const lowercases = isBert('lowercase') || parts.some(({ type }) => type === 'Lowercase');
  const parted = isBert('handle_chinese_chars');
  return (text) => {
    const lower = lowercases ? text.replace(capitalSigma, 'σ') : text;
    return parted ? lower.replace(farIdeograph, ' $& ') : lower;
  };
}

function partsOf(normalizer: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (!isObject(normalizer)) return [];
  const { type, normalizers } = normalizer;
  return type === 'Sequence' && Array.isArray(normalizers) ? normalizers.flatMap(partsOf) : [normalizer];
}
