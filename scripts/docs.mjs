// Writes the documents that are made from the code (npm run docs). Build first; a test compares them with the code.
import { writeFileSync } from 'node:fs';
import { renderDocument } from '../packages/server/dist/src/config/render.js';

writeFileSync(new URL('../docs/configuration.md', import.meta.url), renderDocument());
