// From positions to answers: ids, metadata and texts of what a search found, leaving out what was deleted while it ran.
import { Turns } from '../turns.js';
import type { Generation } from './generation.js';
import { distanceOf, scoreOf } from './geometry.js';
import type { Nearest } from './nearest.js';
import type { OpenIndex } from './open-index.js';
import type { HitRecord, IndexServices } from './services.js';
import type { Hit, Metadata } from './types.js';

/** Bytes that a remembered record weighs beside its text. */
const recordOverhead = 100;

/** The metadata and texts of live positions, in their order; undefined for one that died meanwhile. */
export async function readRecords(
  index: OpenIndex,
  generation: Generation,
  positions: readonly number[],
  { records }: IndexServices,
): Promise<(HitRecord | undefined)[]> {
  const { rewrites } = index;
  const rows = positions.map((position) => generation.rowAt(position));
  const found = rows.map((row) => records.get(index.recordKey(row)));
  const missing = rows.flatMap((row, at) => (found[at] === undefined ? [{ row, at }] : []));
  if (missing.length > 0) {
    const wanted = missing.map(({ row }) => row);
    const [metadata, texts] = await Promise.all([index.store.metadataOf(wanted), index.store.hasTexts ? index.store.textsOf(wanted) : []]);
    for (const [i, { row, at }] of missing.entries()) {
      const record = { metadata: metadata[i] ?? '{}', text: texts[i] };
      found[at] = record;
      // A row that changed while it was read must not be remembered as it was.
      if (index.rewrites === rewrites && generation.isLive(positions[at] ?? -1)) {
        records.set(index.recordKey(row), record, { size: recordOverhead + 2 * (record.metadata.length + (record.text?.length ?? 0)) });
      }
    }
  }
  return found.map((record, at) => (generation.isLive(positions[at] ?? -1) ? record : undefined));
}

/** The hits of several queries, with one read of the store for all of them. */
export async function toHits(
  index: OpenIndex,
  generation: Generation,
  nearest: readonly Nearest[],
  services: IndexServices,
): Promise<Hit[][]> {
  const { metric } = index.definition;
  const positions = [...new Set(nearest.flatMap((found) => found.positions))];
  const ids = positions.map((position) => generation.idAt(position));
  const records = await readRecords(index, generation, positions, services);
  // A generation that was replaced meanwhile hears of no deletion: the index itself is asked.
  const places = new Map(positions.map((position, at) => [position, at]));
  const hitAt = ({ positions: found, distances }: Nearest, rank: number): Hit | undefined => {
    const position = found[rank] ?? -1;
    const at = places.get(position) ?? -1;
    const [id, record] = [ids[at], records[at]];
    if (id === undefined || record === undefined || index.rowOf(id) !== generation.rowAt(position)) return undefined;
    const faissDistance = distances[rank] ?? 0;
    const hit = {
      id,
      score: scoreOf(metric, faissDistance),
      distance: distanceOf(metric, faissDistance),
      metadata: parseMetadata(record.metadata),
    };
    return record.text === undefined ? hit : { ...hit, text: record.text };
  };
  const turns = new Turns();
  const lists: Hit[][] = [];
  for (const found of nearest) {
    const hits: Hit[] = [];
    for (let rank = 0; rank < found.positions.length; rank++) {
      if (turns.over) await turns.next();
      const hit = hitAt(found, rank);
      if (hit !== undefined) hits.push(hit);
    }
    lists.push(hits);
  }
  return lists;
}

export function parseMetadata(json: string): Metadata {
  const metadata: Metadata = JSON.parse(json);
  return metadata;
}
