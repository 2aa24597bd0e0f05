// Which of the waiting texts run together: the oldest one, with those of about its length.

// A run costs as much as some 30 tokens more would (MiniLM on two cores: 2.7 ms and 0.09 ms a token). So a text that needs more padding
// than that is better off in a run of its own.
const MOST_PADDING = 32;

export interface Waiting {
  /** Tokens of the text, special tokens included. */
  readonly length: number;
  /** The text was in a batch that failed: it runs alone, so that a bad text takes nobody with it. */
  readonly alone: boolean;
}

export interface BatchLimits {
  /** Most padded tokens (texts x longest). One text alone may have more. */
  readonly tokens: number;
  /** Most texts. */
  readonly texts?: number;
  /** Texts of a batch are not padded, so that any lengths go together. */
  readonly unpadded?: boolean;
}

/** Chooses from texts in order of arrival: the first one and others within its length class, within the limits. */
export function pickBatch<T extends Waiting>(waiting: readonly T[], { tokens, texts = Infinity, unpadded = false }: BatchLimits): T[] {
  const [oldest, ...others] = waiting;
  if (!oldest) return [];
  if (oldest.alone) return [oldest];
  const company = others.filter(({ alone }) => !alone);
  return (unpadded ? inOrder(oldest, company, tokens) : ofLikeLength(oldest, company, tokens)).slice(0, texts);
}

function inOrder<T extends Waiting>(oldest: T, others: readonly T[], budget: number): T[] {
  let total = oldest.length;
  const end = others.findIndex(({ length }) => (total += length) > budget);
  return [oldest, ...(end === -1 ? others : others.slice(0, end))];
}

function ofLikeLength<T extends Waiting>(oldest: T, others: readonly T[], budget: number): T[] {
  const batch = [oldest];
  const near = others.filter(({ length }) => Math.abs(length - oldest.length) <= MOST_PADDING);
  const byLength = near.toSorted((a, b) => Math.abs(a.length - oldest.length) - Math.abs(b.length - oldest.length));
  let shortest = oldest.length;
  let longest = oldest.length;
  for (const text of byLength) {
    const [low, high] = [Math.min(shortest, text.length), Math.max(longest, text.length)];
    if (high - low > MOST_PADDING || (batch.length + 1) * high > budget) continue;
    [shortest, longest] = [low, high];
    batch.push(text);
  }
  return batch;
}
