// Encoding outside the event loop, in the threads that Node shares with the store: few calls at a time, and texts that wait together share a call.
import type { Encoding, Tokenizer } from 'tokenizers';
import { collectYoungGarbage } from '../process/garbage.js';

// The library would encode a batch in threads of its own, as many as there are cores, beside those that search and run models.
process.env['TOKENIZERS_PARALLELISM'] = 'false';

/** A text of more characters is long: it has a call of its own, and short ones do not wait for it. */
const SHORT_CHARACTERS = 2048;
/** Short texts of one call have this many characters together at most: some 5 ms of a thread. */
const CALL_CHARACTERS = 8192;
/** What a text costs beside its characters, as characters. */
const TEXT_CHARACTERS = 32;
/** Calls at a time. Node has four threads: one at least is left to the store. */
const SHORT_CALLS = 2;
const LONG_CALLS = 1;

/**
 * An encoding holds some 150 bytes a token outside V8's heap until V8 collects it, and V8 sees no need to: it takes for it what is a few bytes to it. After
 * so many characters it is told to: some 20 MB.
 */
const COLLECT_CHARACTERS = 131_072;

const withoutSpecialTokens = { addSpecialTokens: false };

interface Request {
  readonly tokenizer: Tokenizer;
  readonly text: string;
  readonly resolve: (encoding: Encoding) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests of one kind, in the order in which they were made. */
class Lane {
  readonly #maxCalls: number;
  readonly #waiting: Request[] = [];
  #calls = 0;
  #isScheduled = false;

  constructor(maxCalls: number) {
    this.#maxCalls = maxCalls;
  }

  add(request: Request): void {
    this.#waiting.push(request);
    if (this.#isScheduled || this.#calls === this.#maxCalls) return;
    this.#isScheduled = true;
    // After the code that runs now: the texts of one request go into one call.
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#start();
    });
  }

  #start(): void {
    while (this.#calls < this.#maxCalls && this.#waiting.length > 0) void this.#call(this.#take());
  }

  /** The oldest requests for one tokenizer, as many as fit into a call. */
  #take(): Request[] {
    const tokenizer = this.#waiting[0]?.tokenizer;
    let characters = 0;
    const end = this.#waiting.findIndex((request, position) => {
      characters += request.text.length + TEXT_CHARACTERS;
      return position > 0 && (characters > CALL_CHARACTERS || request.tokenizer !== tokenizer);
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #call(requests: readonly Request[]): Promise<void> {
    this.#calls++;
    try {
      await run(requests);
    } finally {
      this.#calls--;
      this.#start();
    }
    collectEncodings(requests.reduce((sum, { text }) => sum + text.length, 0));
  }
}

async function run(requests: readonly Request[]): Promise<void> {
  const [first, ...others] = requests;
  if (first === undefined) return;
  if (others.length === 0) {
    await first.tokenizer.encode(first.text, null, withoutSpecialTokens).then(first.resolve, first.reject);
    return;
  }
  try {
    const texts = requests.map(({ text }) => text);
    const encodings = await first.tokenizer.encodeBatch(texts, withoutSpecialTokens);
    requests.forEach(({ resolve, reject }, position) => {
      const encoding = encodings[position];
      if (encoding) resolve(encoding);
      else reject(new Error('the tokenizer returned fewer texts than it received'));
    });
  } catch {
    // One text fails all texts of its call: each gets an answer of its own.
    for (const request of requests) await run([request]);
  }
}

let charactersSinceCollection = 0;

/** What the encodings are for has been read from those of earlier calls: they are garbage. */
function collectEncodings(characters: number): void {
  charactersSinceCollection += characters;
  if (charactersSinceCollection < COLLECT_CHARACTERS) return;
  charactersSinceCollection = 0;
  collectYoungGarbage();
}

const shortTexts = new Lane(SHORT_CALLS);
const longTexts = new Lane(LONG_CALLS);

/** Tokens of the text without special tokens around it; offsets are in code points. Rejects where the vocabulary has no token for a part of it. */
export function encodeText(tokenizer: Tokenizer, text: string): Promise<Encoding> {
  return new Promise((resolve, reject) => {
    (text.length > SHORT_CHARACTERS ? longTexts : shortTexts).add({ tokenizer, text, resolve, reject });
  });
}
