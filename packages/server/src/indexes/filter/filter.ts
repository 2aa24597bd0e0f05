// What a filter means once it is known to be right: a small tree. The grammar that becomes this tree is in parse-filter.ts.

export type Scalar = string | number | boolean | null;
export type Order = '$gt' | '$gte' | '$lt' | '$lte';

/** A statement about one field. Of an array it is true when it is true of any element. */
export type Condition =
  | { readonly kind: 'in'; readonly field: string; readonly values: ReadonlySet<Scalar> }
  | { readonly kind: 'compare'; readonly field: string; readonly order: Order; readonly value: string | number }
  | { readonly kind: 'contains'; readonly field: string; readonly text: string }
  | { readonly kind: 'exists'; readonly field: string };

/** `$eq` is an `in` of one value; `$ne`, `$nin` and `$exists: false` are a `not` around their opposite. An empty `and` is true of everything. */
export type Filter =
  | { readonly kind: 'and'; readonly parts: readonly Filter[] }
  | { readonly kind: 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter }
  | Condition;

/** A list of more values is not sorted for the key: the same values in another order are a filter of their own. */
const sortedValues = 100;

/** A text that is equal for filters that say the same, whatever the order in which they say it. */
export function filterKey(filter: Filter): string {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return `${filter.kind}(${[...new Set(filter.parts.map(filterKey))].toSorted().join()})`;
    case 'not':
      return `not(${filterKey(filter.part)})`;
    case 'in':
      return `in(${JSON.stringify(filter.field)}:${valuesKey(filter.values)})`;
    case 'compare':
      return `${filter.order}(${JSON.stringify(filter.field)}:${JSON.stringify(filter.value)})`;
    case 'contains':
      return `contains(${JSON.stringify(filter.field)}:${JSON.stringify(filter.text)})`;
    case 'exists':
      return `exists(${JSON.stringify(filter.field)})`;
  }
}

function valuesKey(values: ReadonlySet<Scalar>): string {
  const texts = Array.from(values, (value) => JSON.stringify(value));
  return (texts.length > sortedValues ? texts : texts.sort()).join();
}

/** The fields that a filter speaks of. */
export function fieldsOf(filter: Filter, fields = new Set<string>()): Set<string> {
  switch (filter.kind) {
    case 'and':
    case 'or':
      for (const part of filter.parts) fieldsOf(part, fields);
      return fields;
    case 'not':
      return fieldsOf(filter.part, fields);
    default:
      return fields.add(filter.field);
  }
}
