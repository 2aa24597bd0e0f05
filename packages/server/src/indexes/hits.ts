// From positions to answers: ids, metadata and texts of what a search found, leaving out what was deleted while it ran.
import { Turns } from '../turns.js';
import { distinctPositions } from './distinct-positions.js';
import type { Generation } from './generation.js';
import { distanceOf, scoreOf } from './geometry.js';
import type { Nearest } from './question.js';
import type { OpenIndex } from './open-index.js';
import type { HitRecord, IndexServices } from './services.js';
import type { AnswerMeter, Hit, Metadata } from './types.js';

/** Bytes that a remembered record weighs beside its text. */
const recordOverhead = 100;
/** Rows that are read at a time: an answer that would be too large is refused after the first ones of them. */
const rowsAtOnce = 256;
/** The records of a larger answer are not remembered: they would push out those of all others. */
const mostRemembered = 1024;
/** Of a hit in JSON, beside its id, metadata and text: the names of its fields, and two numbers. */
const bytesOfHit = 66;

/** The metadata and texts of live positions, in their order; undefined for one that died meanwhile. */
export async function readRecords(
  index: OpenIndex,
  generation: Generation,
  positions: readonly number[],
  { records }: IndexServices,
  remember = true,
): Promise<(HitRecord | undefined)[]> {
  const { rewrites } = index;
  const rows = positions.map((position) => generation.rowAt(position));
  const found = rows.map((row) => (remember ? records.get(index.recordKey(row)) : undefined));
  const missing = rows.flatMap((row, at) => (found[at] === undefined ? [{ row, at }] : []));
  if (missing.length > 0) {
    const wanted = missing.map(({ row }) => row);
    const [metadata, texts] = await Promise.all([index.store.metadataOf(wanted), index.store.hasTexts ? index.store.textsOf(wanted) : []]);
    for (const [i, { row, at }] of missing.entries()) {
      const record = recordOf(metadata[i] ?? '{}', texts[i]);
      found[at] = record;
      // A row that changed while it was read must not be remembered as it was.
      if (remember && index.rewrites === rewrites && generation.isLive(positions[at] ?? -1)) {
        records.set(index.recordKey(row), record, { size: recordOverhead + 2 * (record.metadata.length + (record.text?.length ?? 0)) });
      }
    }
  }
  return found.map((record, at) => (generation.isLive(positions[at] ?? -1) ? record : undefined));
}

function recordOf(metadata: string, text: string | undefined): HitRecord {
  return { metadata, text, bytes: Buffer.byteLength(metadata) + (text === undefined ? 0 : Buffer.byteLength(JSON.stringify(text)) + 8) };
}

/** The hits of several queries. Each row's record is read once for all of them, and `meter` hears of its bytes before more are read. */
export async function toHits(
  index: OpenIndex,
  generation: Generation,
  nearest: readonly Nearest[],
  services: IndexServices,
  meter: AnswerMeter | undefined,
): Promise<Hit[][]> {
  const { metric } = index.definition;
  const { positions, uses, placeOf } = await distinctPositions(nearest, generation.size);
  const ids: string[] = [];
  const records: (HitRecord | undefined)[] = [];
  for (let start = 0; start < positions.length; start += rowsAtOnce) {
    const some = positions.length <= rowsAtOnce ? positions : positions.slice(start, start + rowsAtOnce);
    for (const position of some) ids.push(generation.idAt(position));
    const read = await readRecords(index, generation, some, services, positions.length <= mostRemembered);
    if (meter !== undefined) measure(meter, read, start, ids, uses);
    for (const record of read) records.push(record);
  }
  const turns = new Turns();
  const lists: Hit[][] = [];
  for (const { positions: found, distances } of nearest) {
    const hits: Hit[] = [];
    for (let rank = 0; rank < found.length; rank++) {
      if (turns.over) await turns.next();
      const position = found[rank] ?? -1;
      const at = placeOf(position, rank);
      const [id, record] = [ids[at], records[at]];
      // A generation that was replaced meanwhile hears of no deletion: the index itself is asked.
      if (id === undefined || record === undefined || index.rowOf(id) !== generation.rowAt(position)) continue;
      const distance = distances[rank] ?? 0;
      const { metadata, text } = record;
      hits.push({ id, score: scoreOf(metric, distance), distance: distanceOf(metric, distance), metadata, text });
    }
    lists.push(hits);
  }
  return lists;
}

function measure(
  meter: AnswerMeter,
  read: readonly (HitRecord | undefined)[],
  start: number,
  ids: readonly string[],
  uses: (at: number) => number,
): void {
  let [answer, held] = [0, 0];
  for (const [i, record] of read.entries()) {
    if (record === undefined) continue;
    answer += uses(start + i) * (bytesOfHit + (ids[start + i]?.length ?? 0) + record.bytes);
    held += record.bytes;
  }
  meter.add(answer, held);
}

export function parseMetadata(json: string): Metadata {
  const metadata: Metadata = JSON.parse(json);
  return metadata;
}
