#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';

// Package managers link commands when they install, which in a clone is before anything is compiled; so the command
// is this file, which is always there, and which older versions of Node.js can read, too.
const main = new URL('../dist/main.js', import.meta.url);
const problem = unsuitableNode() ?? notBuilt();
if (problem === undefined) {
  await import(main.href);
} else {
  process.stderr.write(`error: ${problem.what}\n  remedy: ${problem.remedy}\n`);
  process.exitCode = 1;
}

function unsuitableNode() {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const least = engines.node.replace('>=', '');
  const [major, minor] = least.split('.').map(Number);
  const [hasMajor, hasMinor] = process.versions.node.split('.').map(Number);
  if (hasMajor > major || (hasMajor === major && hasMinor >= minor)) return undefined;
  return {
    what: `rynxs needs Node.js ${least} or newer, and this is ${process.versions.node}`,
    remedy: 'Install it, or run `npx rynxs` in a clone, which brings its own.',
  };
}

function notBuilt() {
  if (existsSync(main)) return undefined;
  return { what: 'rynxs is not built', remedy: 'Run `npm run build` in the clone.' };
}
