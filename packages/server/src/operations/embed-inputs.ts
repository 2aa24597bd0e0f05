// Embedding for a route: what came is held to the route's bounds, and every refusal names the field as the request has it.

import { VoisinError } from '../errors.js';
import type { EmbedResult, Input, Priority } from '../embedding/index.js';
import type { AskedOptions } from './embed-options.js';
import { metered } from './metered-embed.js';
import type { Caller, Services } from './operation.js';
import { characterCount, textProblem } from './vector-values.js';

export interface Asked {
  readonly inputs: readonly Input[];
  /** What the request calls the input at a position: `text`, `texts[3]`. */
  readonly field: (position: number) => string;
  readonly model: string | undefined;
  /** What the request calls its model. */
  readonly modelField: 'model' | 'model_name';
  /** In characters. */
  readonly maxTextLength: number;
  readonly priority: Priority;
  readonly options: AskedOptions;
}

/** @throws VoisinError invalid_argument (a blank, too long or unreadable input), and what embedding on an account throws */
export async function embedInputs(services: Services, caller: Caller, asked: Asked): Promise<EmbedResult> {
  checkInputs(asked);
  const [result] = await metered(services, caller, asked.inputs.length, async () => [await embed(services, caller, asked)]);
  return result;
}

/** The same for two lists of inputs that are asked for differently: one request all the same. */
export function embedBoth(services: Services, caller: Caller, left: Asked, right: Asked): Promise<[EmbedResult, EmbedResult]> {
  checkInputs(left);
  checkInputs(right);
  const work = async (): Promise<[EmbedResult, EmbedResult]> => [await embed(services, caller, left), await embed(services, caller, right)];
  return metered(services, caller, left.inputs.length + right.inputs.length, work);
}

function checkInputs({ inputs, field, maxTextLength }: Asked): void {
  inputs.forEach((input, position) => {
    if (typeof input === 'string') checkText(input, field(position), maxTextLength);
  });
}

async function embed({ embedding }: Services, caller: Caller, asked: Asked): Promise<EmbedResult> {
  const { inputs, model, maxTextLength, priority, options } = asked;
  // Named one by one, here and on the whole way: copies by `...` were a tenth of the work of an answer from memory.
  const { normalize, precision, input_type: inputType, prompt_name: promptName, truncate, dimensions } = options;
  try {
    const wanted = { model, normalize, precision, inputType, promptName, dimensions, truncate, maxTextLength, priority };
    return await embedding.embed(inputs, wanted, caller);
  } catch (thrown) {
    throw thrown instanceof VoisinError ? inWordsOf(asked, thrown) : thrown;
  }
}

/** @throws VoisinError invalid_argument when the text is blank or too long */
export function checkText(text: string, field: string, maxTextLength: number): void {
  const problem = textProblem(text, maxTextLength);
  if (problem === undefined) return;
  const why = /\S/.test(text) ? { limit: maxTextLength, got: characterCount(text) } : { empty: true };
  throw new VoisinError('invalid_argument', `${field}: ${problem}`, { field, ...why });
}

/** @throws VoisinError invalid_argument when there are none or too many; `setting` is what bounds them */
export function checkCount(count: number, field: string, most: number, setting: string): void {
  const accepted = `expected 1 to ${most} texts (${setting})`;
  if (count === 0) throw new VoisinError('invalid_argument', `${field}: ${accepted}, got an empty list`, { field, empty: true });
  if (count > most) throw new VoisinError('invalid_argument', `${field}: ${accepted}, got ${count}`, { field, limit: most, got: count });
}

/** The texts that the model could not read to their ends; undefined when there are none. */
export function cutTexts({
  truncated,
  droppedTokens,
}: Pick<EmbedResult, 'truncated' | 'droppedTokens'>): { index: number; dropped_tokens: number }[] | undefined {
  const cut = truncated.flatMap((is, index) => (is ? [{ index, dropped_tokens: droppedTokens[index] ?? 0 }] : []));
  return cut.length === 0 ? undefined : cut;
}

/** The embedding room counts texts and calls the model `model`: here the fields get the names that the request gave them. */
function inWordsOf({ field, modelField }: Asked, error: VoisinError): VoisinError {
  const { code, message, details = {} } = error;
  const [place, position, rest = ''] = /^texts\[(\d+)\](.*)$/.exec(details.field ?? '') ?? [];
  if (place !== undefined) {
    const own = `${field(Number(position))}${rest}`;
    return new VoisinError(
      code,
      message.replace(place, () => own),
      { ...details, field: own },
      { cause: error },
    );
  }
  if (details.field !== 'model') return error;
  // The batch contract: a model that ALLOWED_MODELS leaves out is bad input.
  const asked = modelField === 'model_name' && code === 'permission_denied' ? 'invalid_argument' : code;
  return new VoisinError(asked, message.replace(/^model:/, `${modelField}:`), { ...details, field: modelField }, { cause: error });
}
