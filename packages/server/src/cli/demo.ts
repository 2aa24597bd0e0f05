// voisin demo: reads a folder, stores its passages through the REST API, answers questions with the nearest of them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { SingleBar } from 'cli-progress';
import { readConfig } from '../config/config.js';
import { environment, readClientSettings, workingFolder } from '../config/environment.js';
import { VoisinError } from '../errors.js';
import { createLogger } from '../telemetry/logger.js';
import { parseDemoArguments, type DemoArguments } from './demo-arguments.js';
import { DemoClient, type FoundPassage } from './demo-client.js';
import { passagesOf } from './passages.js';
import { startServer } from './running-server.js';
import { textFiles } from './text-files.js';

const passagesAtOnce = 32;
const mostPassages = 20_000;
const answers = 3;
const sampleQuestion = 'What happens without an API key?';

interface StoredPassage {
  readonly id: string;
  readonly text: string;
  readonly metadata: { readonly file: string; readonly line: number };
}

export async function demo(argv: readonly string[]): Promise<number> {
  const given = parseDemoArguments(argv, workingFolder(environment()));
  const passages = await readPassages(given);
  const named = readClientSettings(environment());
  return untilInterrupted(async (interrupted) => {
    if (named.url === undefined) return withOwnServer((client) => run(client, passages, given, interrupted));
    process.stdout.write(`Using the server at ${named.url}\n`);
    return run(new DemoClient(named.url, named.apiKey), passages, given, interrupted);
  });
}

/** Ctrl-C stops the work at its next step, which takes away what was made for it. Gives the exit code. */
async function untilInterrupted(work: (interrupted: AbortSignal) => Promise<void>): Promise<number> {
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, interrupt);
  try {
    await work(controller.signal);
    return controller.signal.aborted ? 130 : 0;
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
  }
}

async function withOwnServer(work: (client: DemoClient) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'voisin-demo-'));
  try {
    // An empty environment: the operator's keys and folders are not for a demonstration.
    const config = readConfig({}, ['--port', '0', '--data-dir', dataDir, '--log-level', 'error']);
    const server = await startServer(config, createLogger(config));
    process.stdout.write(`A server for this demonstration listens on ${server.url}\n`);
    await work(new DemoClient(server.url, undefined)).finally(() => server.close());
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function readPassages({ folder, ownDocuments }: DemoArguments): Promise<StoredPassage[]> {
  const passages: StoredPassage[] = [];
  let files = 0;
  for await (const { path, text } of textFiles(folder, (name) => !ownDocuments || name.endsWith('.md'))) {
    files++;
    for (const { text: passage, from } of passagesOf(text))
      passages.push({ id: String(passages.length), text: passage, metadata: { file: path, line: from } });
    if (passages.length >= mostPassages) {
      process.stdout.write(`The first ${mostPassages} passages are enough for a demonstration; the rest of the folder is left out.\n`);
      break;
    }
  }
  if (passages.length === 0)
    throw new VoisinError('failed_precondition', `there is no text in ${folder}: binary, hidden and empty files do not count`);
  process.stdout.write(`${passages.length} passages in ${files} files of ${folder}\n`);
  return passages.slice(0, mostPassages);
}

async function run(
  client: DemoClient,
  passages: readonly StoredPassage[],
  { questions, ownDocuments }: DemoArguments,
  interrupted: AbortSignal,
): Promise<void> {
  await client.createIndex();
  try {
    await store(client, passages, interrupted);
    if (interrupted.aborted) return;
    for (const question of questions) await answer(client, question);
    if (questions.length === 0) await converse(client, ownDocuments, interrupted);
  } finally {
    await client.deleteIndex();
  }
}

async function store(client: DemoClient, passages: readonly StoredPassage[], interrupted: AbortSignal): Promise<void> {
  const begun = performance.now();
  const bar = new SingleBar({
    format: 'Embedding and storing [{bar}] {value}/{total} passages, {eta_formatted} left',
    hideCursor: true,
    clearOnComplete: true,
  });
  bar.start(passages.length, 0);
  try {
    for (let at = 0; at < passages.length && !interrupted.aborted; at += passagesAtOnce) {
      const batch = passages.slice(at, at + passagesAtOnce);
      await client.add(batch);
      bar.increment(batch.length);
    }
  } finally {
    bar.stop();
  }
  if (!interrupted.aborted) process.stdout.write(`Embedded and stored in ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
}

async function converse(client: DemoClient, ownDocuments: boolean, interrupted: AbortSignal): Promise<void> {
  const terminal = process.stdin.isTTY;
  if (terminal) process.stdout.write(`\nAsk a question${ownDocuments ? `, such as: ${sampleQuestion}` : ''} (an empty line ends)\n`);
  const lines = createInterface({
    input: process.stdin,
    signal: interrupted,
    ...(terminal ? { output: process.stdout, prompt: '\n> ' } : {}),
  });
  lines.on('SIGINT', () => lines.close());
  if (terminal) lines.prompt();
  let asked = 0;
  for await (const line of lines) {
    const question = line.trim();
    if (question === '' && terminal) break;
    if (question !== '') {
      asked++;
      await answer(client, question);
    }
    if (terminal) lines.prompt();
  }
  if (asked === 0 && !terminal && !interrupted.aborted && ownDocuments) await answer(client, sampleQuestion);
}

async function answer(client: DemoClient, question: string): Promise<void> {
  const begun = performance.now();
  const found = await client.search(question, answers);
  const milliseconds = (performance.now() - begun).toFixed(1);
  process.stdout.write(`\n${question}\n${found.map(show).join('')}(${milliseconds} ms, question embedded and searched over HTTP)\n`);
}

function show({ score, text, file, from }: FoundPassage): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const shown = lines.slice(0, 6).map((line) => `     ${line.length > 160 ? `${line.slice(0, 157)}...` : line}\n`);
  return `\n  ${score.toFixed(3)}  ${file}:${from}\n${shown.join('')}${lines.length > 6 ? '     ...\n' : ''}`;
}
