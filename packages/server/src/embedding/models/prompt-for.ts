// Which prompt stands before a text.
import { VoisinError } from '../../errors.js';
import type { EmbedOptions } from '../types.js';
import type { ModelDescription } from './model-description.js';

/** The names that models give to these prompts, in the order in which sentence-transformers looks for them. */
const namesOf = {
  query: ['query'],
  document: ['document', 'passage', 'corpus'],
  classification: ['classification'],
  clustering: ['clustering'],
} as const;

/**
 * The prompt of `promptName`, else that of `inputType`, else the model's default; often none, which is an empty string.
 * Throws `invalid_argument` with the names there are where `promptName` is none of them.
 */
export function promptFor(
  { name, prompts }: Pick<ModelDescription, 'name' | 'prompts'>,
  { promptName, inputType }: Pick<EmbedOptions, 'promptName' | 'inputType'>,
): string {
  const { byName, defaultName } = prompts;
  const prompt = (wanted: string): string | undefined => (Object.hasOwn(byName, wanted) ? byName[wanted] : undefined);
  if (promptName !== undefined) {
    const found = prompt(promptName);
    if (found !== undefined) return found;
    const known = Object.keys(byName).join(', ') || 'none';
    const message = `model ${name} has no prompt ${JSON.stringify(promptName)}; there are: ${known}`;
    throw new VoisinError('invalid_argument', message, { field: 'prompt_name' });
  }
  if (inputType === undefined) return defaultName === undefined ? '' : (prompt(defaultName) ?? '');
  return namesOf[inputType].map(prompt).find((found) => found !== undefined) ?? '';
}
