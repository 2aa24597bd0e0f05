// What metadata may be: a JSON object whose text has a bound.

export type CheckedMetadata = { readonly text: string } | { readonly problem: string };

/** @returns the JSON text that is kept, or what is wrong: "expected ..., got ..." */
export function checkMetadata(value: unknown, maxBytes: number): CheckedMetadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: `expected an object, got ${shown(value)}` };
  const text = JSON.stringify(value);
  // A UTF-16 unit is 1 to 3 bytes of UTF-8: most metadata need no counting.
  if (text.length * 3 > maxBytes) {
    const bytes = Buffer.byteLength(text);
    if (bytes > maxBytes) return { problem: `expected at most ${maxBytes} bytes of JSON, got ${bytes}` };
  }
  return { text };
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
