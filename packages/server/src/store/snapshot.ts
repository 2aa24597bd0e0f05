// index.faiss: what FAISS wrote, which real FAISS reads, and behind it a trailer of ours (FAISS ignores bytes after its own):
//
//   FAISS bytes | row number of each position, 8 bytes each | the rows outside, 8 bytes each | JSON header | u32 header length | u32 CRC32 of all before | "VOISINS1"
//
// The checksum is verified before FAISS parses a byte, because FAISS can crash on altered ones.
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import { DamageError } from '../errors.js';
import { hasCode, syncPath } from './disk.js';

export interface SnapshotHeader {
  readonly dimension: number;
  readonly metric: string;
  /** A flat index that stands in for one that wants training. */
  readonly standIn: boolean;
  readonly positions: number;
  /** Rows whose vectors FAISS's index does not hold well enough. Absent in snapshots of before they were known. */
  readonly outside?: number;
  /** Which training the bytes are of. */
  readonly trainedAt?: string;
  /** The store's state when the bytes were taken. */
  readonly lastRow: number;
  readonly changes: number;
  readonly faissBytes: number;
  readonly writtenAt: string;
}

/** The row of each position, and those rows of them that are outside, ascending. */
export interface SnapshotRows {
  readonly rows: Float64Array;
  readonly outside: Float64Array;
}

const magic = Buffer.from('VOISINS1');
const footerBytes = 4 + 4 + magic.length;
const maxHeaderBytes = 4096;
const chunkBytes = 4 * 1024 * 1024;

/**
 * Writes a snapshot to `path`: `writeFaiss` writes FAISS's bytes to the temporary file it is given, we add the trailer, sync, and rename it in.
 * The checksum is made by reading the file back: what is checked is what lies on the disk, and memory holds no second copy of the index.
 */
export async function writeSnapshot(
  path: string,
  { rows, outside }: SnapshotRows,
  header: Omit<SnapshotHeader, 'faissBytes' | 'positions' | 'outside' | 'writtenAt'>,
  writeFaiss: (path: string) => Promise<number>,
): Promise<SnapshotHeader> {
  const temporary = `${path}.new`;
  try {
    const faissBytes = await writeFaiss(temporary);
    const full = { ...header, positions: rows.length, outside: outside.length, faissBytes, writtenAt: new Date().toISOString() };
    const json = Buffer.from(JSON.stringify(full));
    // Every platform of Node is little-endian, as the file is.
    const rowBytes = [rows, outside].map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength));
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32LE(json.length);
    const trailer = Buffer.concat([...rowBytes, json, length]);
    const checksum = Buffer.allocUnsafe(4);
    checksum.writeUInt32LE(crc32(trailer, await checksumOf(temporary, faissBytes)));
    const file = await open(temporary, 'a');
    try {
      await file.writeFile(Buffer.concat([trailer, checksum, magic]));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncPath(dirname(path));
    return full;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Reads and verifies the trailer. undefined: there is no snapshot. Errors: DamageError, with what is wrong. */
export async function readSnapshot(path: string): Promise<({ header: SnapshotHeader } & SnapshotRows) | undefined> {
  let size: number;
  try {
    ({ size } = await stat(path));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const footer = await readRange(path, Math.max(0, size - footerBytes), size);
  if (size < footerBytes || !footer.subarray(8).equals(magic))
    throw damaged('it does not end with its trailer: it was cut, or another program wrote it');
  const headerBytes = footer.readUInt32LE(0);
  const headerEnd = size - footerBytes;
  if (headerBytes > maxHeaderBytes || headerBytes > headerEnd) throw damaged('its trailer has an impossible length');
  if ((await checksumOf(path, headerEnd + 4)) !== footer.readUInt32LE(4)) throw damaged('its checksum does not fit: bytes were altered');
  const header = parseHeader(await readRange(path, headerEnd - headerBytes, headerEnd));
  const rowsEnd = headerEnd - headerBytes;
  if (header.faissBytes + (header.positions + (header.outside ?? 0)) * 8 !== rowsEnd) throw damaged('its lengths contradict one another');
  const bytes = await readRange(path, header.faissBytes, rowsEnd);
  const rows = new Float64Array(bytes.length / 8);
  new Uint8Array(rows.buffer).set(bytes);
  return { header, rows: rows.subarray(0, header.positions), outside: rows.subarray(header.positions) };
}

const damaged = (what: string): DamageError => new DamageError(`the snapshot index.faiss is damaged: ${what}`);

async function checksumOf(path: string, length: number): Promise<number> {
  let sum = 0;
  if (length === 0) return sum;
  for await (const chunk of createReadStream(path, { end: length - 1, highWaterMark: chunkBytes })) sum = crc32(chunk, sum);
  return sum;
}

async function readRange(path: string, start: number, end: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.allocUnsafe(end - start);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, start);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function parseHeader(bytes: Buffer): SnapshotHeader {
  const header: Partial<SnapshotHeader> = JSON.parse(bytes.toString());
  const { dimension, metric, standIn, positions, outside, trainedAt, lastRow, changes, faissBytes, writtenAt } = header;
  if (
    typeof dimension !== 'number' ||
    typeof metric !== 'string' ||
    typeof standIn !== 'boolean' ||
    typeof positions !== 'number' ||
    typeof lastRow !== 'number' ||
    typeof changes !== 'number' ||
    typeof faissBytes !== 'number' ||
    typeof writtenAt !== 'string' ||
    (outside !== undefined && typeof outside !== 'number') ||
    (trainedAt !== undefined && typeof trainedAt !== 'string')
  ) {
    throw damaged('its header lacks a field');
  }
  return {
    dimension,
    metric,
    standIn,
    positions,
    lastRow,
    changes,
    faissBytes,
    writtenAt,
    ...(outside !== undefined && { outside }),
    ...(trainedAt !== undefined && { trainedAt }),
  };
}
