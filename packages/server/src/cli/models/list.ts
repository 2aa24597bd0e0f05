// voisin models list: every model that a server with this configuration knows.
import { readConfig } from '../../config/config.js';
import { environment } from '../../config/environment.js';
import { openModelLibrary } from '../../open-models.js';
import { readArguments } from './arguments.js';
import { showTable } from './show.js';

export async function list(argv: readonly string[]): Promise<number> {
  const { values } = readArguments(argv, { json: { type: 'boolean' } }, []);
  const library = openModelLibrary(readConfig(environment()));
  for (const problem of await library.folderProblems()) process.stderr.write(`voisin models: ${problem}\n`);
  const models = await library.list();
  const rows = models.map(({ name, kind, directory, description, problem }) => ({
    name,
    place: kind,
    directory,
    ...(description && {
      dimension: description.dimension,
      max_tokens: description.maxTokens,
      pooling: description.pooling,
      precisions: Object.keys(description.onnxFiles),
    }),
    ...(problem && { problem: problem.message }),
  }));
  if (values.json) {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return 0;
  }
  const table = rows.map(({ name, place, dimension, max_tokens, pooling, precisions, problem }) =>
    problem === undefined
      ? [name, place, String(dimension), String(max_tokens), pooling?.join(' + ') ?? '', precisions?.join(', ') ?? '']
      : [name, place, '-', '-', '-', problem],
  );
  process.stdout.write(showTable([['MODEL', 'PLACE', 'VALUES', 'TOKENS', 'POOLING', 'PRECISIONS'], ...table]));
  return 0;
}
