// Text to token ids, as the model's own tokenizer.json says; cuts to the model's length with its special tokens kept.
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { isObject, ModelFiles } from './models/model-files.js';

export interface TokenizedText {
  /** Token ids, special tokens included, at most the model's `maxTokens`. */
  readonly ids: Int32Array;
  /** Word pieces that the model reads, without special tokens. */
  readonly tokens: number;
  /** The text was longer than the model reads. */
  readonly truncated: boolean;
  /** Word pieces that were cut off. */
  readonly dropped: number;
}

// Tokenizing costs about 1 microsecond a character and holds the event loop; the word pieces past the model's length are never needed.
const CHUNK_CHARACTERS = 2048;

export class Tokenizer {
  readonly #tokenizer: HuggingFaceTokenizer;
  readonly #prefix: number[];
  readonly #suffix: number[];
  readonly #maxPieces: number;
  readonly #splitsAtSpaces: boolean;

  constructor(tokenizer: HuggingFaceTokenizer, options: { readonly maxTokens: number; readonly splitsAtSpaces: boolean }) {
    this.#tokenizer = tokenizer;
    this.#splitsAtSpaces = options.splitsAtSpaces;
    const [prefix, suffix] = specialTokens(tokenizer);
    this.#prefix = prefix;
    this.#suffix = suffix;
    this.#maxPieces = options.maxTokens - prefix.length - suffix.length;
    if (this.#maxPieces < 1) throw new RangeError(`no room for a text in ${options.maxTokens} tokens`);
  }

  /** Reads tokenizer.json and tokenizer_config.json. Throws `failed_precondition` naming the file. */
  static async read(model: string, directory: string, maxTokens: number): Promise<Tokenizer> {
    const files = new ModelFiles(model, directory);
    const [definition, config] = [await files.object('tokenizer.json'), await files.object('tokenizer_config.json')];
    if (!isObject(definition['model'])) throw files.broken('tokenizer.json', 'has no "model"');
    const before = definition['pre_tokenizer'];
    try {
      const splitsAtSpaces = isObject(before) && before['type'] === 'BertPreTokenizer';
      return new Tokenizer(new HuggingFaceTokenizer(definition, config), { maxTokens, splitsAtSpaces });
    } catch (error) {
      throw files.broken('tokenizer.json', `cannot be used: ${error instanceof Error ? error.message : String(error)}`, error);
    }
  }

  encode(text: string): TokenizedText {
    const pieces = this.#pieces(text);
    const truncated = pieces.length > this.#maxPieces;
    const kept = truncated ? pieces.slice(0, this.#maxPieces) : pieces;
    const ids = Int32Array.from(this.#prefix.concat(kept, this.#suffix));
    return { ids, tokens: kept.length, truncated, dropped: pieces.length - kept.length };
  }

  /** Where white space always ends a word, a long text is read chunk by chunk until the model's length is full. */
  #pieces(text: string): number[] {
    if (!this.#splitsAtSpaces || text.length <= CHUNK_CHARACTERS) return this.#encodeWhole(text);
    const pieces: number[] = [];
    for (let start = 0; start < text.length && pieces.length <= this.#maxPieces;) {
      const end = chunkEnd(text, start);
      for (const piece of this.#encodeWhole(text.slice(start, end))) pieces.push(piece);
      start = end;
    }
    return pieces;
  }

  #encodeWhole(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }
}

/** The end of a chunk: the first white space at or after the wanted length (vertical tabs and the like are none: BERT drops them). */
function chunkEnd(text: string, start: number): number {
  const space = /[ \t\n\r]/g;
  space.lastIndex = start + CHUNK_CHARACTERS;
  return space.exec(text)?.index ?? text.length;
}

/** The tokens that stand before and after every text, found by encoding one. */
function specialTokens(tokenizer: HuggingFaceTokenizer): [number[], number[]] {
  const whole = tokenizer.encode('a').ids;
  const bare = tokenizer.encode('a', { add_special_tokens: false }).ids;
  const first = bare[0];
  const at = first === undefined ? -1 : whole.indexOf(first);
  if (at === -1) throw new Error('a plain letter gives no token');
  return [whole.slice(0, at), whole.slice(at + bare.length)];
}
