import { defineConfig } from 'vitest/config';

// Tests run the built code (`npm test` builds first): what is tested is what is shipped, and worker processes find their files.
export default defineConfig({
  test: {
    include: ['packages/*/dist/**/*.test.js', 'scripts/**/*.test.mjs'],
    pool: 'forks',
    // Vitest leaves one core to itself, which takes almost nothing: on two cores that is half of the machine.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
