// Where the name of a field leads in a metadata object.

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value that `field` names in `document`, or undefined where there is none (JSON has no undefined of its own).
 * A key spelled exactly like the field comes first, dots and all; otherwise a dot goes into an object: of `a.b.c`, the key `a` and in it
 * `b.c`, then the key `a.b` and in it `c`. A dot never goes into an array. Only own properties count, so `constructor` is a name like any other.
 */
export function valueAt(document: JsonObject, field: string): unknown {
  if (Object.hasOwn(document, field)) return document[field];
  for (let dot = field.indexOf('.'); dot !== -1; dot = field.indexOf('.', dot + 1)) {
    const key = field.slice(0, dot);
    if (!Object.hasOwn(document, key)) continue;
    const inner = document[key];
    if (!isObject(inner)) continue;
    const value = valueAt(inner, field.slice(dot + 1));
    if (value !== undefined) return value;
  }
  return undefined;
}
