// Text to token ids, as the model's own tokenizer.json says; cuts to the model's length with its special tokens kept.
import type { Encoding, Tokenizer as HuggingFaceTokenizer } from 'tokenizers';
import { VoisinError } from '../errors.js';
import { Turns } from '../turns.js';
import { encodeText } from './encode-calls.js';
import { lowercased } from './lowercased.js';
import { brokenModel } from './models/model-files.js';
import { inFolder } from './models/read-modules.js';
import { type ReadTokenizer, readTokenizer, type TokenizerSource } from './read-tokenizer.js';
import { divisionAfter, divisionBefore, stripLikePython } from './split-text.js';
import type { Token } from './types.js';

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

/** A longer text is read in chunks where white space divides it: a chunk takes some 2 ms of a thread. */
const CHUNK_CHARACTERS = 2048;
/** Chunks that are encoded together. */
const CHUNKS_AT_ONCE = 4;
/** Tokens are counted so far; a text is read further only where that gave fewer than the model reads. */
const COUNTED_CHARACTERS = 65_536;
/** Nothing is read behind so many: only a text without words that the vocabulary has gets there. */
const MAX_READ_CHARACTERS = 262_144;

const MAX_ID = 2 ** 32 - 1;

export class Tokenizer {
  readonly #tokenizer: HuggingFaceTokenizer;
  readonly #read: ReadTokenizer;
  readonly #model: TokenizerSource;
  readonly #maxPieces: number;
  /** Ids below it are tokens. */
  readonly #vocabularySize: number;

  private constructor(read: ReadTokenizer, model: TokenizerSource) {
    this.#tokenizer = read.tokenizer;
    this.#read = read;
    this.#model = model;
    this.#maxPieces = model.maxTokens - read.prefix.length - read.suffix.length;
    this.#vocabularySize = vocabularySize(read.tokenizer);
  }

  /** Reads tokenizer.json, and tokenizer_config.json where there is one. Throws `failed_precondition` naming the file. */
  static async read(model: TokenizerSource): Promise<Tokenizer> {
    const tokenizer = new Tokenizer(await readTokenizer(model), model);
    if (tokenizer.#maxPieces >= 1) return tokenizer;
    throw brokenModel(
      model.name,
      tokenizer.#file,
      `cannot be used: its special tokens leave no place for a text in ${model.maxTokens} tokens`,
    );
  }

  /** Rejects with `failed_precondition` where the vocabulary has no token for a part of the text, not even one for what is unknown. */
  async encode(given: string): Promise<TokenizedText> {
    // As sentence-transformers does, whose models saw their texts so: where white space gives tokens, it makes a difference.
    const text = stripLikePython(given);
    if (text.length <= CHUNK_CHARACTERS) return this.#cut((await this.#encode(this.#toRead(text))).getIds());
    const cut = this.#cut(await this.#piecesOfLong(text));
    return text.length <= MAX_READ_CHARACTERS ? cut : { ...cut, truncated: true };
  }

  /**
   * Ids that the caller made; the special tokens are put around them where they are absent.
   * Throws `invalid_argument` where one is no token of the model; `field` is what the ids are called in the request.
   */
  encodeIds(ids: readonly number[], field: string): TokenizedText {
    const wrong = ids.findIndex((id) => !this.#isToken(id));
    if (wrong !== -1) {
      const accepted = `0 to ${this.#vocabularySize - 1} are accepted`;
      const message = `${field}[${wrong}] is ${ids[wrong]}, which is no token of the model: ${accepted}`;
      throw new VoisinError('invalid_argument', message, { field: `${field}[${wrong}]` });
    }
    const { prefix, suffix } = this.#read;
    const start = startsWith(ids, prefix) ? prefix.length : 0;
    const rest = ids.slice(start);
    const end = startsWith(rest.slice(Math.max(0, rest.length - suffix.length)), suffix) ? suffix.length : 0;
    return this.#cut(end === 0 ? rest : rest.slice(0, -end));
  }

  /** Every token of the text with its place, also those past the model's length. Rejects as `encode` does. */
  async tokenize(text: string, addSpecialTokens: boolean): Promise<Token[]> {
    const { prefix, suffix } = this.#read;
    const tokens: Token[] = addSpecialTokens ? prefix.map(this.#specialToken) : [];
    const rangeOf = this.#model.lowercases ? lowercased(text).rangeOf : undefined;
    const slice = sliceOf(text);
    const turns = new Turns();
    let before = 0;
    for (const chunk of this.#chunks(text)) {
      const read = this.#toRead(chunk);
      const encoding = await this.#encode(read);
      for (const [at, id] of encoding.getIds().entries()) {
        const [from, to] = encoding.tokenToChars(at) ?? [0, 0];
        const [start, stop] = rangeOf ? rangeOf(before + from, before + to) : [before + from, before + to];
        tokens.push({ id, text: slice(start, stop), special: false, start, stop });
        if (turns.over) await turns.next();
      }
      before += characterCount(read);
    }
    if (addSpecialTokens) tokens.push(...suffix.map(this.#specialToken));
    return tokens;
  }

  /** Word pieces of the text. Rejects as `encode` does. */
  async count(text: string): Promise<number> {
    return (await this.#encode(this.#toRead(text))).getLength();
  }

  readonly #specialToken = (id: number): Token => ({
    id,
    text: this.#tokenizer.idToToken(id) ?? '',
    special: true,
    start: null,
    stop: null,
  });

  get #file(): string {
    return inFolder(this.#model.transformerFolder, 'tokenizer.json');
  }

  #isToken(id: number): boolean {
    if (!Number.isSafeInteger(id) || id < 0 || id > MAX_ID) return false;
    return id < this.#vocabularySize || this.#tokenizer.idToToken(id) !== null;
  }

  #toRead(text: string): string {
    return this.#model.lowercases ? lowercased(text).text : text;
  }

  async #encode(text: string): Promise<Encoding> {
    try {
      return await encodeText(this.#tokenizer, text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw brokenModel(this.#model.name, this.#file, `cannot encode a text: ${reason}`, error);
    }
  }

  #cut(pieces: readonly number[]): TokenizedText {
    const { prefix, suffix, truncationSide } = this.#read;
    const tokens = Math.min(pieces.length, this.#maxPieces);
    const dropped = pieces.length - tokens;
    const first = truncationSide === 'left' ? dropped : 0;
    const ids = new Int32Array(prefix.length + tokens + suffix.length);
    ids.set(prefix);
    for (let i = 0; i < tokens; i++) ids[prefix.length + i] = pieces[first + i] ?? 0;
    ids.set(suffix, prefix.length + tokens);
    return { ids, tokens, truncated: dropped > 0, dropped };
  }

  /** More and more of the text, from the side that is kept, until nothing more is to be known of it. */
  async #piecesOfLong(text: string): Promise<readonly number[]> {
    if (this.#read.splitsAtSpaces && this.#read.truncationSide === 'right') return this.#piecesOfChunks(text);
    for (let characters = COUNTED_CHARACTERS; ; characters *= 2) {
      const part = this.#part(text, characters);
      const pieces = (await this.#encode(this.#toRead(part))).getIds();
      if (part.length === text.length || characters >= MAX_READ_CHARACTERS || pieces.length > this.#maxPieces) return pieces;
    }
  }

  #part(text: string, characters: number): string {
    if (text.length <= characters) return text;
    if (this.#read.truncationSide === 'left') return text.slice(divisionBefore(text, text.length - characters));
    return text.slice(0, divisionAfter(text, characters));
  }

  async #piecesOfChunks(text: string): Promise<readonly number[]> {
    const pieces: number[] = [];
    let [chunks, characters]: [string[], number] = [[], 0];
    const encodeChunks = async (): Promise<void> => {
      const encodings = await Promise.all(chunks.map((chunk) => this.#encode(this.#toRead(chunk))));
      for (const encoding of encodings) for (const piece of encoding.getIds()) pieces.push(piece);
      chunks = [];
    };
    for (const chunk of this.#chunks(this.#part(text, MAX_READ_CHARACTERS))) {
      if (characters >= COUNTED_CHARACTERS && pieces.length > this.#maxPieces) return pieces;
      chunks.push(chunk);
      characters += chunk.length;
      if (chunks.length === CHUNKS_AT_ONCE) await encodeChunks();
    }
    await encodeChunks();
    return pieces;
  }

  /** The text, in one piece where white space does not always end a word. */
  *#chunks(text: string): Generator<string> {
    if (!this.#read.splitsAtSpaces) {
      yield text;
      return;
    }
    for (let start = 0; start < text.length;) {
      const end = divisionAfter(text, start + CHUNK_CHARACTERS);
      yield text.slice(start, end);
      start = end;
    }
  }
}

const startsWith = (ids: readonly number[], beginning: readonly number[]): boolean => beginning.every((id, at) => ids[at] === id);

/** The number of tokens, or the first id behind it that is none: a vocabulary may leave ids out. */
function vocabularySize(tokenizer: HuggingFaceTokenizer): number {
  let size = tokenizer.getVocabSize(true);
  while (tokenizer.idToToken(size) !== null) size++;
  return size;
}

/** In code points. */
function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Parts of the text by places in code points. */
function sliceOf(text: string): (start: number, stop: number) => string {
  if (!/[\ud800-\udbff][\udc00-\udfff]/.test(text)) return (start, stop) => text.slice(start, stop);
  const characters = Array.from(text);
  return (start, stop) => characters.slice(start, stop).join('');
}
