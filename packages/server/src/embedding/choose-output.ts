// Which of a model's outputs is its answer: whole vectors where the export has them, else vectors of tokens to be pooled.

export interface ChosenOutput {
  readonly name: string;
  /** One vector a text (texts x dimension), or one a token (texts x tokens x hidden size). */
  readonly holds: 'vectors' | 'tokens';
}

interface Output {
  readonly name: string;
  /** Undefined where the file does not say. */
  readonly rank: number | undefined;
}

// A pooler_output stands beside last_hidden_state in most exports of BERT, and few models were trained to be used by it: it comes last.
const preferred: readonly ChosenOutput[] = [
  { name: 'sentence_embedding', holds: 'vectors' },
  { name: 'image_embeds', holds: 'vectors' },
  { name: 'text_embeds', holds: 'vectors' },
  { name: 'last_hidden_state', holds: 'tokens' },
  { name: 'token_embeddings', holds: 'tokens' },
  { name: 'pooler_output', holds: 'vectors' },
];

/** Throws an Error that lists what the model has where none can be used. */
export function chooseOutput(outputs: readonly Output[]): ChosenOutput {
  const known = preferred.find(({ name }) => outputs.some((output) => output.name === name));
  if (known) return known;
  const [only] = outputs;
  if (only && outputs.length === 1 && only.rank === 2) return { name: only.name, holds: 'vectors' };
  if (only && outputs.length === 1 && only.rank === 3) return { name: only.name, holds: 'tokens' };
  const accepted = preferred.map(({ name }) => name).join(', ');
  throw new Error(`has no output ${accepted}, but ${outputs.map(({ name }) => name).join(', ')}`);
}
