// The parts of a benchmark: started side by side, stopped whatever happens, also when one of them does not start.

/**
 * @param starts by name, functions that start a part and give it with its `stop`
 * @param work called with the parts by the same names
 */
export async function together(starts, work) {
  const started = await Promise.allSettled(Object.values(starts).map((start) => start()));
  try {
    const failed = started.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return await work(Object.fromEntries(Object.keys(starts).map((name, i) => [name, started[i].value])));
  } finally {
    await Promise.all(started.map(({ value }) => value?.stop()));
  }
}
