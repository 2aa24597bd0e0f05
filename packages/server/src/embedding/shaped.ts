// The vector that a caller gets of the one that a model made.

export interface Shape {
  /** Length 1; a zero vector stays zero. */
  readonly normalize: boolean;
  /** The first so many values; undefined: all. Fewer values are brought to length 1 after the cut. */
  readonly dimensions: number | undefined;
}

/** A copy in the wanted shape. */
export function shaped(vector: Float32Array, { normalize, dimensions }: Shape): Float32Array {
  const copy = vector.slice(0, dimensions);
  if (!normalize) return copy;
  let squares = 0;
  for (const value of copy) squares += value * value;
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let i = 0; i < copy.length; i++) copy[i] = (copy[i] ?? 0) * scale;
  return copy;
}
