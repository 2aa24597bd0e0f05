// How alike two sets of vectors of the same texts are, as their users notice it. All vectors have length 1.
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

export const cosines = (one, other) => one.map((vector, i) => dot(vector, other[i]));

/** The part of each vector's k nearest, by the first set, that are among its k nearest by the second; the mean over all. */
export function overlap(one, other, k) {
  const kept = one.map((_, i) => {
    const found = nearest(other, i, k);
    return nearest(one, i, k).filter((j) => found.includes(j)).length / k;
  });
  return kept.reduce((a, b) => a + b, 0) / kept.length;
}

function nearest(vectors, i, k) {
  const near = vectors.map((vector, j) => ({ j, cosine: j === i ? -Infinity : dot(vector, vectors[i]) }));
  return near
    .sort((a, b) => b.cosine - a.cosine)
    .slice(0, k)
    .map(({ j }) => j);
}

/** Spearman's rank correlation; equal values share the mean of their ranks. */
export function spearman(one, other) {
  const [a, b] = [ranks(one), ranks(other)];
  const mean = (one.length - 1) / 2;
  const product = (x, y) => x.reduce((sum, value, i) => sum + (value - mean) * (y[i] - mean), 0);
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b));
}

function ranks(values) {
  const order = values.map((value, at) => ({ value, at })).sort((a, b) => a.value - b.value);
  const found = new Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from;
    while (to < order.length && order[to].value === order[from].value) to++;
    for (let i = from; i < to; i++) found[order[i].at] = (from + to - 1) / 2;
    from = to;
  }
  return found;
}
