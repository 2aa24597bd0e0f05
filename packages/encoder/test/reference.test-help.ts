// What ONNX Runtime computes of the same file.

// ONNX Runtime's telemetry is decided when it is loaded.
process.env['ORT_DISABLE_TELEMETRY'] = '1';
const { InferenceSession, Tensor } = await import('onnxruntime-node');

/** The token vectors of one text, as ONNX Runtime computes them. */
export async function openReference(
  file: string,
): Promise<{ run: (ids: Int32Array) => Promise<Float32Array>; release: () => Promise<void> }> {
  const session = await InferenceSession.create(file, { executionProviders: ['cpu'], intraOpNumThreads: 2 });
  return {
    run: async (ids) => {
      const of = (values: BigInt64Array) => new Tensor('int64', values, [1, ids.length]);
      const { last_hidden_state: vectors } = await session.run({
        input_ids: of(BigInt64Array.from(ids, BigInt)),
        attention_mask: of(new BigInt64Array(ids.length).fill(1n)),
        token_type_ids: of(new BigInt64Array(ids.length)),
      });
      return vectors?.data as Float32Array;
    },
    release: () => session.release(),
  };
}
