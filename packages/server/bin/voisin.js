#!/usr/bin/env node
// Not in dist/: npm links a program only if its file is there when the packages are installed, and that is before the build.
await import('../dist/src/main.js');
