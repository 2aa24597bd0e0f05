// Reads tensors from a safetensors file: eight bytes of length, a JSON header, then the values. https://github.com/huggingface/safetensors
import { readFile } from 'node:fs/promises';
import { fromBfloat16, fromFloat16 } from './half-floats.js';

export interface FloatTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Bytes of one value. */
const widths: Readonly<Record<string, number>> = { F32: 4, F16: 2, BF16: 2 };

/** Every tensor of the file by name. Throws an Error that says what is wrong with it. */
export async function readSafetensors(file: string): Promise<Map<string, FloatTensor>> {
  const bytes = await readFile(file);
  const headerBytes = bytes.length < 8 ? undefined : bytes.readBigUInt64LE(0);
  if (headerBytes === undefined || headerBytes > BigInt(bytes.length - 8)) throw new Error('is cut short: its header is not there');
  const data = 8 + Number(headerBytes);
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8', 8, data));
  } catch (error) {
    throw new Error('is no safetensors file: its header is not JSON', { cause: error });
  }
  const tensors = new Map<string, FloatTensor>();
  for (const [name, entry] of Object.entries(header ?? {})) {
    if (name !== '__metadata__') tensors.set(name, tensorOf(name, entry, bytes.subarray(data)));
  }
  return tensors;
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number' && Number.isSafeInteger(one) && one >= 0);

function tensorOf(name: string, entry: unknown, data: Buffer): FloatTensor {
  const { dtype, shape, data_offsets: offsets } = Object(entry);
  const width = typeof dtype === 'string' ? widths[dtype] : undefined;
  if (width === undefined) throw new Error(`holds ${name} as ${String(dtype)}; ${Object.keys(widths).join(', ')} are accepted`);
  if (!isNumbers(shape) || !isNumbers(offsets)) throw new Error(`has a wrong header for ${name}`);
  const [from = 0, to = 0] = offsets;
  const count = shape.reduce((product, size) => product * size, 1);
  if (to - from !== count * width) throw new Error(`has ${to - from} bytes for ${name} of shape ${shape.join(' x ')}`);
  if (to > data.length) throw new Error(`is cut short: ${name} ends at byte ${to} of its values, and there are ${data.length}`);
  // A copy, because a typed array wants its bytes at a multiple of its width.
  const raw = Uint8Array.prototype.slice.call(data, from, to).buffer;
  if (dtype === 'F32') return { shape, values: new Float32Array(raw) };
  const halves = new Uint16Array(raw);
  return { shape, values: dtype === 'F16' ? fromFloat16(halves) : fromBfloat16(halves) };
}
