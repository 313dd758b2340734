#!/usr/bin/env node
import { existsSync } from 'node:fs';

// Package managers link commands when they install, which in a clone is before anything is compiled; so the command
// is this file, which is always there.
const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write('error: rynxs is not built\n  remedy: Run `npm run build` in the clone.\n');
  process.exitCode = 1;
}
