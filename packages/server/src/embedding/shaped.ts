// The vector that a caller gets of the one that a model made.

export interface Shape {
  /** Length 1; a zero vector stays zero. */
  readonly normalize: boolean;
  /** The first so many values; undefined: all. Fewer values are brought to length 1 after the cut. */
  readonly dimensions: number | undefined;
}

/** What most callers want, made once for each vector that the cache keeps, and the same array each time: its text is remembered by it. */
const units = new WeakMap<Float32Array, Float32Array>();

/** The vector in the wanted shape. It may be shared: never to be written to. */
export function shaped(vector: Float32Array, shape: Shape): Float32Array {
  if (!shape.normalize || shape.dimensions !== undefined) return copyInShape(vector, shape);
  const known = units.get(vector);
  if (known !== undefined) return known;
  const unit = copyInShape(vector, shape);
  units.set(vector, unit);
  return unit;
}

function copyInShape(vector: Float32Array, { normalize, dimensions }: Shape): Float32Array {
  const copy = vector.slice(0, dimensions);
  if (!normalize) return copy;
  let squares = 0;
  for (const value of copy) squares += value * value;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let i = 0; i < copy.length; i++) copy[i] = (copy[i] ?? 0) * scale;
  return copy;
}
