// RFC 7396, JSON Merge Patch: objects are merged, null removes, anything else replaces.

type Json = { readonly [field: string]: unknown };

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Built from entries, so that `__proto__` stays a plain field. */
export function mergePatch(target: Json, patch: Json): Json {
  const merged = new Map(Object.entries(target));
  for (const [field, value] of Object.entries(patch)) {
    const old = merged.get(field);
    if (value === null) merged.delete(field);
    else merged.set(field, isObject(value) ? mergePatch(isObject(old) ? old : {}, value) : value);
  }
  return Object.fromEntries(merged);
}
