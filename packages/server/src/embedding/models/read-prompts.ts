// config_sentence_transformers.json: the prompts that a model was trained with.
import type { Prompts } from './model-description.js';
import { isObject, type ModelFiles } from './model-files.js';

const file = 'config_sentence_transformers.json';
const none: Prompts = { byName: {}, defaultName: undefined };

export async function readPrompts(files: ModelFiles): Promise<Prompts> {
  if (!(await files.isFile(file))) return none;
  const config = await files.object(file);
  const prompts = config['prompts'] ?? {};
  if (!isObject(prompts)) throw files.broken(file, 'has wrong "prompts": an object of texts by name is wanted');
  const entries = Object.entries(prompts).map(([name, prompt]): [string, string] => {
    if (typeof prompt === 'string') return [name, prompt];
    throw files.broken(file, `has a wrong prompt ${JSON.stringify(name)}: a text is wanted`);
  });
  const defaultName = config['default_prompt_name'] ?? undefined;
  if (defaultName !== undefined && (typeof defaultName !== 'string' || !Object.hasOwn(prompts, defaultName))) {
    throw files.broken(file, `has the default prompt ${JSON.stringify(defaultName)}, which is none of its prompts`);
  }
  return { byName: Object.fromEntries(entries), defaultName };
}
