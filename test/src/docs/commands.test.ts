import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../rynxs-process.js';
import { documents, parseMark, REASONS, type ShellBlock, shellBlocks } from './documents.js';

/**
 * Says what is wrong with the mark of a block: every command of a document is run by a test, or the document says what it
 * needs that no test has.
 */
function objection(block: ShellBlock): string | undefined {
  const place = `${block.document}:${block.line}`;
  const first = block.commands[0]?.text.split('\n')[0] ?? '';
  if (block.mark === undefined) {
    return `${place}: no comment before the block says what runs it (as <!-- run on a laptop -->): ${first}`;
  }
  const mark = parseMark(block.mark);
  if (mark === undefined) return `${place}: "${block.mark}" says nothing that is known`;
  if (mark.kind === 'not run') {
    return REASONS.includes(mark.reason)
      ? undefined
      : `${place}: "${mark.reason}" is no reason; known are ${REASONS.join(', ')}`;
  }
  if (mark.kind === 'run') {
    return mark.until === undefined || block.commands.length === 1
      ? undefined
      : `${place}: what goes on until something is printed is one command`;
  }
  if (mark.kind === 'page') return unlikePage(block, mark.document);
  if (!existsSync(join(ROOT, mark.file))) return `${place}: there is no ${mark.file}`;
  return mark.isShort ? scriptsMissing(block, mark.file) : pageMissing(block, mark.file);
}

/** Commands of another page, which are run there, are the same to the letter. */
function unlikePage({ document, line, commands }: ShellBlock, page: string): string | undefined {
  const run = documents().includes(page)
    ? shellBlocks(page).filter(({ mark = '' }) => parseMark(mark)?.kind === 'run')
    : [];
  const known = new Set(run.flatMap((block) => block.commands.map(({ text }) => text)));
  const strange = commands.find(({ text }) => !known.has(text));
  return strange === undefined ? undefined : `${document}:${line}: ${page} does not have: ${strange.text}`;
}

/** A test that runs what a page says has to read the page, itself or by a file beside it. */
function pageMissing({ document, line }: ShellBlock, file: string): string | undefined {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const imported = [...text.matchAll(/from '(\.[^']+)\.js'/g)].map(([, path = '']) =>
    readFileSync(join(ROOT, dirname(file), `${path}.ts`), 'utf8'),
  );
  return [text, ...imported].some((one) => one.includes(document))
    ? undefined
    : `${document}:${line}: ${file} does not read ${document}`;
}

/** What runs a command for a shorter time than the page says names its script. */
function scriptsMissing({ document, line, commands }: ShellBlock, file: string): string | undefined {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const scripts = commands.flatMap((command) =>
    [...command.text.matchAll(/npm (?:run )?(?!run\b)([\w:-]+)/g)].map(([, name = '']) => name),
  );
  if (scripts.length === 0) return `${document}:${line}: only npm scripts have a short form`;
  const missing = scripts.filter((name) => !text.includes(name));
  return missing.length === 0 ? undefined : `${document}:${line}: ${file} does not run ${missing.join(', ')}`;
}

describe('the commands in documents', () => {
  it('are found', () => {
    const found = documents().flatMap((document) => shellBlocks(document));
    expect(found.length).to.be.at.least(40);
    expect(new Set(found.map(({ document }) => document)))
      .to.include('README.md')
      .and.include('docs/VERIFYING.md');
  });

  for (const document of documents()) {
    const blocks = shellBlocks(document);
    if (blocks.length === 0) continue;
    it(`are run, or need what no test has: ${document}`, () => {
      expect(blocks.map(objection).filter((line) => line !== undefined)).to.deep.equal([]);
    });
  }

  describe('have marks, which', () => {
    const judged = (mark: string, code = 'rynxs agents') => {
      const [block] = shellBlocks('docs/x.md', `text\n${mark}\n\`\`\`sh\n${code}\n\`\`\`\n`);
      return block === undefined ? 'no block' : (objection(block) ?? 'accepted');
    };

    for (const mark of [
      'run on a laptop',
      'run on a cluster',
      'run on a laptop, until "Ctrl-C stops it"',
      'not run: needs a cloud account',
      'run in short form by scripts/ci.mjs',
    ]) {
      it(`may say: ${mark}`, () => expect(judged(`<!-- ${mark} -->`, 'npm test')).to.equal('accepted'));
    }

    for (const [mark, why] of [
      ['', 'no comment before the block'],
      ['<!-- run by hand -->', 'there is no hand'],
      ['<!-- run on the moon -->', 'says nothing that is known'],
      ['<!-- not run: too slow -->', 'is no reason'],
      ['<!-- run by test/src/gone.test.ts -->', 'there is no test/src/gone.test.ts'],
      ['<!-- run by test/src/docs/documents.ts -->', 'does not read docs/x.md'],
      ['<!-- run in docs/GETTING_STARTED.md -->', 'docs/GETTING_STARTED.md does not have: rynxs agents'],
      ['<!-- run in docs/gone.md -->', 'docs/gone.md does not have: rynxs agents'],
      ['<!-- run in short form by scripts/ci.mjs -->', 'only npm scripts have a short form'],
    ]) {
      it(`may not say: ${mark || 'nothing'}`, () => expect(judged(mark ?? '')).to.include(why));
    }

    it('belong to the block that follows, and to no other', () => {
      const text = '<!-- run on a laptop -->\n```sh\na\n```\n\n```sh\nb\n```\n';
      expect(shellBlocks('docs/x.md', text).map(({ mark }) => mark)).to.deep.equal([
        'run on a laptop',
        undefined,
      ]);
    });

    it('may be given once for a whole page', () => {
      const text =
        '<!-- all commands run on a laptop -->\n\n```sh\na\n```\n<!-- run on a cluster -->\n```sh\nb\n```\n';
      expect(shellBlocks('docs/x.md', text).map(({ mark }) => mark)).to.deep.equal([
        'run on a laptop',
        'run on a cluster',
      ]);
    });
  });

  it('are told from what they print', () => {
    const text =
      '```console\n$ rynxs log verify \\\n    --anchor\nintact: all\n\nlog  x\n$ rynxs agents\n```\n';
    expect(shellBlocks('docs/x.md', text)[0]?.commands).to.deep.equal([
      { text: 'rynxs log verify \\\n    --anchor', shown: ['intact: all', 'log  x'] },
      { text: 'rynxs agents', shown: [] },
    ]);
  });

  it('are also found in blocks that do not say that they are for a shell', () => {
    expect(shellBlocks('docs/x.md', '```\n$ rynxs agents\n```\n')).to.have.length(1);
    expect(shellBlocks('docs/x.md', '```yaml\na: b\n```\n')).to.have.length(0);
  });
});
