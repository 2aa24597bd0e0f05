// Text to token ids, as the model's own tokenizer.json says; cuts to the model's length with its special tokens kept.
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { VoisinError } from '../errors.js';
import { asRustNormalizes } from './as-rust-normalizes.js';
import type { ModelDescription } from './models/model-description.js';
import { isObject, ModelFiles, type JsonObject } from './models/model-files.js';
import { inFolder } from './models/read-modules.js';
import type { TokenList } from './types.js';

export interface TokenizedText {
  /** Token ids, special tokens included, at most the model's `maxTokens`. */
  readonly ids: Int32Array;
  /** Word pieces that the model reads, without special tokens. */
  readonly tokens: number;
  /** The text was longer than the model reads. */
  readonly truncated: boolean;
  /** Word pieces that were cut off; of a text longer than 65,536 characters, those among its first so many. */
  readonly dropped: number;
}

export interface TokenizerOptions {
  readonly maxTokens: number;
  readonly lowercases: boolean;
  /** The tokenizer's own normalizer, as its file has it. */
  readonly normalizer: unknown;
  /** White space always ends a word: a text can be read in pieces. */
  readonly splitsAtSpaces: boolean;
  /** Ids from 0 to one below it are tokens. */
  readonly vocabularySize: number;
}

// Tokenizing costs about 1 microsecond a character and holds the event loop: a long text is read in chunks, and its end not at all.
const CHUNK_CHARACTERS = 2048;
const COUNTED_CHARACTERS = 65_536;
/** Nothing is read behind so many: only a text without words that the vocabulary has gets there. */
const READ_CHARACTERS = 262_144;
/** Where no white space comes for so long, a chunk ends without. */
const LONGEST_RUN = 16_384;

export class Tokenizer {
  readonly #tokenizer: HuggingFaceTokenizer;
  readonly #options: TokenizerOptions;
  readonly #normalized: (text: string) => string;
  readonly #prefix: number[];
  readonly #suffix: number[];
  readonly #maxPieces: number;
  readonly #special: ReadonlySet<number>;

  constructor(tokenizer: HuggingFaceTokenizer, options: TokenizerOptions) {
    this.#tokenizer = tokenizer;
    this.#options = options;
    this.#normalized = asRustNormalizes(options.normalizer);
    const [prefix, suffix] = specialTokens(tokenizer);
    this.#prefix = prefix;
    this.#suffix = suffix;
    this.#maxPieces = options.maxTokens - prefix.length - suffix.length;
    if (this.#maxPieces < 1) throw new RangeError(`no room for a text in ${options.maxTokens} tokens`);
    const added = [...tokenizer.get_added_tokens_decoder()].filter(([, token]) => token.special).map(([id]) => id);
    this.#special = new Set([...prefix, ...suffix, ...added]);
  }

  /** Reads tokenizer.json, and tokenizer_config.json where there is one. Throws `failed_precondition` naming the file. */
  static async read(
    model: Pick<ModelDescription, 'name' | 'directory' | 'transformerFolder' | 'maxTokens' | 'lowercases'>,
  ): Promise<Tokenizer> {
    const files = new ModelFiles(model.name, model.directory);
    const file = inFolder(model.transformerFolder, 'tokenizer.json');
    const definition = await files.object(file);
    const configFile = inFolder(model.transformerFolder, 'tokenizer_config.json');
    const config = (await files.isFile(configFile)) ? await files.object(configFile) : {};
    const vocabulary = definition['model'];
    if (!isObject(vocabulary)) throw files.broken(file, 'has no "model"');
    const before = definition['pre_tokenizer'];
    try {
      return new Tokenizer(new HuggingFaceTokenizer(definition, config), {
        maxTokens: model.maxTokens,
        lowercases: model.lowercases,
        normalizer: definition['normalizer'],
        splitsAtSpaces: isObject(before) && before['type'] === 'BertPreTokenizer',
        vocabularySize: vocabularySize(vocabulary, definition['added_tokens']),
      });
    } catch (error) {
      throw files.broken(file, `cannot be used: ${error instanceof Error ? error.message : String(error)}`, error);
    }
  }

  encode(given: string): TokenizedText {
    // As sentence-transformers does, whose models saw their texts so: where white space gives tokens, it makes a difference.
    const text = given.trim();
    if (text.length <= READ_CHARACTERS) return this.#cut(this.#pieces(text));
    return { ...this.#cut(this.#pieces(text.slice(0, READ_CHARACTERS))), truncated: true };
  }

  /**
   * Ids that the caller made; the special tokens are put around them where they are absent.
   * Throws `invalid_argument` where one is no token of the model; `field` is what the ids are called in the request.
   */
  encodeIds(ids: readonly number[], field: string): TokenizedText {
    const { vocabularySize } = this.#options;
    const wrong = ids.findIndex((id) => !Number.isSafeInteger(id) || id < 0 || id >= vocabularySize);
    if (wrong !== -1) {
      const message = `${field}[${wrong}] is ${ids[wrong]}, which is no token of the model: 0 to ${vocabularySize - 1} are accepted`;
      throw new VoisinError('invalid_argument', message, { field: `${field}[${wrong}]` });
    }
    const start = startsWith(ids, this.#prefix) ? this.#prefix.length : 0;
    const rest = ids.slice(start);
    const end = startsWith(rest.slice(Math.max(0, rest.length - this.#suffix.length)), this.#suffix) ? this.#suffix.length : 0;
    return this.#cut(end === 0 ? rest : rest.slice(0, -end));
  }

  /** Every token of the text, also those past the model's length. */
  tokenize(text: string, addSpecialTokens: boolean): TokenList {
    const { ids, tokens } = this.#tokenizer.encode(this.#read(text), { add_special_tokens: addSpecialTokens });
    return { ids, tokens, special: ids.map((id: number) => this.#special.has(id)) };
  }

  #cut(pieces: readonly number[]): TokenizedText {
    const kept = pieces.slice(0, this.#maxPieces);
    const dropped = pieces.length - kept.length;
    return { ids: Int32Array.from([...this.#prefix, ...kept, ...this.#suffix]), tokens: kept.length, truncated: dropped > 0, dropped };
  }

  #read(text: string): string {
    return this.#normalized(this.#options.lowercases ? text.toLowerCase() : text);
  }

  /** Where white space always ends a word, a long text is read chunk by chunk, until nothing more is to be known of it. */
  #pieces(text: string): number[] {
    if (!this.#options.splitsAtSpaces || text.length <= CHUNK_CHARACTERS) return this.#encodeWhole(text);
    const pieces: number[] = [];
    for (let start = 0; start < text.length && (start < COUNTED_CHARACTERS || pieces.length <= this.#maxPieces);) {
      const end = chunkEnd(text, start);
      for (const piece of this.#encodeWhole(text.slice(start, end))) pieces.push(piece);
      start = end;
    }
    return pieces;
  }

  #encodeWhole(text: string): number[] {
    return this.#tokenizer.encode(this.#read(text), { add_special_tokens: false }).ids;
  }
}

const startsWith = (ids: readonly number[], beginning: readonly number[]): boolean => beginning.every((id, at) => ids[at] === id);

/** WordPiece and BPE hold an object of ids by token, Unigram an array; tokens that were added may stand behind, and ids may be left out. */
function vocabularySize({ vocab }: JsonObject, added: unknown): number {
  let size = Array.isArray(vocab) ? vocab.length : 0;
  if (isObject(vocab)) for (const id of Object.values(vocab)) if (typeof id === 'number' && id >= size) size = id + 1;
  const ids = Array.isArray(added) ? added.map((token: unknown) => (isObject(token) ? Number(token['id']) : 0)) : [];
  return Math.max(size, ...ids.map((id) => id + 1));
}

/** The end of a chunk: the first white space at or after the wanted length (vertical tabs and the like are none: BERT drops them). */
function chunkEnd(text: string, start: number): number {
  const wanted = start + CHUNK_CHARACTERS;
  const space = /[ \t\n\r]/g;
  space.lastIndex = wanted;
  const end = space.exec(text)?.index ?? text.length;
  return end - wanted > LONGEST_RUN ? wanted : end;
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
