import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '../../rynxs-process.js';
import { EVERYTHING } from './bound-user.js';
import { rbacDocuments } from './documents.js';
import { recordNeeds } from './recorded-needs.js';

// `npm run generate:rbac`: runs the operator with all rights, and writes down which of them it has used.

await using run = await recordNeeds(EVERYTHING);
for (const [path, content] of rbacDocuments(run.needs)) {
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, path), content);
  process.stdout.write(`${path}\n`);
}
