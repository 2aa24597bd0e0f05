// Closing several things of which one may fail: the others are closed all the same.

/** Runs the steps one after another, each whatever became of those before it. Errors: that of the step that failed; an AggregateError of several. */
export async function closeAll(steps: Iterable<() => unknown>): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) {
    const messages = errors.map((error) => (error instanceof Error ? error.message : String(error)));
    throw new AggregateError(errors, `${errors.length} parts could not be closed in order: ${messages.join('; ')}`);
  }
}
