// voisin models inspect: what a model's files say, and whether it runs.
import { readConfig } from '../../config/config.js';
import { environment } from '../../config/environment.js';
import { openModelLibrary } from '../../open-models.js';
import { readArguments } from './arguments.js';
import { showBytes, showTable } from './show.js';

/** Exit code 1 where a precision does not run. */
export async function inspect(argv: readonly string[]): Promise<number> {
  const { values, words } = readArguments(argv, { json: { type: 'boolean' } }, ['MODEL or DIRECTORY']);
  const inspection = await openModelLibrary(readConfig(environment())).inspect(words[0] ?? '');
  const { description, trials, bytes } = inspection;
  const failed = trials.some(({ result }) => 'problem' in result);
  if (values.json) {
    process.stdout.write(`${JSON.stringify(inspection, null, 2)}\n`);
    return failed ? 1 : 0;
  }
  const { name, directory, dimension, maxTokens, pooling, dense, normalizes, lowercases, prompts, assumptions, onnxFiles } = description;
  const layers = dense.map(({ inFeatures, outFeatures, activation }) => `${inFeatures} to ${outFeatures} ${activation}`);
  const rows = [
    ['model', name],
    ['directory', directory],
    ['values', String(dimension)],
    ['tokens', `${maxTokens} at most, special tokens included${lowercases ? '; texts are put into lower case' : ''}`],
    ['pooling', pooling.join(' + ')],
    ...(layers.length === 0 ? [] : [['dense', layers.join(', ')]]),
    ['normalised', normalizes ? 'yes, by its own list of modules' : 'not by its own list of modules'],
    ...Object.entries(prompts.byName).map(([prompt, text]) => [`prompt ${prompt}`, JSON.stringify(text)]),
    ...assumptions.map((assumption) => ['assumed', assumption]),
    ...trials.map(({ precision, result }) => [
      precision,
      `${onnxFiles[precision]}, ${showBytes(bytes[precision] ?? 0)}, ${'problem' in result ? result.problem : `runs, loaded in ${result.loadSeconds.toFixed(2)} s, fingerprint ${result.hash}`}`,
    ]),
  ];
  process.stdout.write(showTable(rows));
  return failed ? 1 : 0;
}
