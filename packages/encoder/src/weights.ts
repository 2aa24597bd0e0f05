// The numbers of a BERT encoder as the addon takes them.

/** Rows x columns, row by row. Numbers of 16 bits are float16. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array | Uint16Array;
}

/** A row of numbers for each token, position or type; int8 ones are multiplied by their row's scale, a float16. */
export type Table = Matrix | { readonly rows: number; readonly columns: number; readonly values: Int8Array; readonly scales: Uint16Array };

/** An int8 matrix: what is multiplied with it is multiplied by a factor a row first, what comes out by a scale a column. */
export interface QuantizedMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Int8Array;
  readonly factors: Float32Array;
  readonly scales: Float32Array;
}

/** in x weight + bias */
export interface Linear {
  readonly weight: Matrix | QuantizedMatrix;
  readonly bias: Float32Array;
}

export interface Norm {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
  readonly epsilon: number;
}

export interface Layer {
  /** Columns of all queries, then of all keys, then of all values, head by head. */
  readonly queryKeyValue: Linear;
  readonly attentionOutput: Linear;
  readonly attentionNorm: Norm;
  readonly intermediate: Linear;
  readonly output: Linear;
  readonly outputNorm: Norm;
}

export interface BertWeights {
  readonly heads: number;
  readonly words: Table;
  readonly positions: Table;
  readonly types: Table;
  readonly norm: Norm;
  readonly layers: readonly Layer[];
}
