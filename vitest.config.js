import { defineConfig } from 'vitest/config';

// Tests run the built code (`npm run build` first): what is tested is what is shipped, and worker processes find their files.
export default defineConfig({
  test: { include: ['packages/*/dist/**/*.test.js'], pool: 'forks', testTimeout: 30_000, hookTimeout: 60_000 },
});
