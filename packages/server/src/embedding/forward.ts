// A model's own part of an embedding: token ids in, what its graph gives out.

/** One vector a text; or one a token, rows of which `first` is each text's first. */
export type Output =
  | { readonly holds: 'vectors'; readonly values: Float32Array }
  | { readonly holds: 'tokens'; readonly values: Float32Array; readonly first: Int32Array };

export interface Forward {
  /** Texts of a batch are neither padded nor seen by one another, in int8 neither. */
  readonly keepsTextsApart: boolean;
  /**
   * One run at a time: what is given is good until the next.
   * @param ids those of all texts one after another
   * @param lengths how many each text has
   */
  run(ids: Int32Array, lengths: Int32Array): Output | Promise<Output>;
}
