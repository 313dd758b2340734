import { expect } from 'chai';
import { shellBlocks } from './documents.js';
import { ReaderShell, shapeOf } from './reader-shell.js';

describe('a reader of documents', () => {
  let reader: ReaderShell;

  beforeEach(() => {
    const forever = 'trap "exit 0" INT; echo begun; while :; do sleep 0.05; done';
    reader = new ReaderShell({ programs: { forever }, inPlaceOf: { 19000: '7' } });
  });

  afterEach(() => reader[Symbol.asyncDispose]());

  it('types one command after the other into one shell', async () => {
    await follow(
      '```sh\nA=1\nmkdir sub && cd sub\n```\n```console\n$ echo "$A $(basename "$PWD")"\n1 sub\n```\n',
    );
  });

  it('is content when what is shown is printed, whatever the numbers are', async () => {
    await follow(
      '```console\n$ echo first; echo "log verified: 12 records (7 ms)"\nlog verified: 8 records (4 ms)\n```\n',
    );
  });

  it('objects to a command that fails', async () => {
    await refused('```sh\nfalse\ntrue\n```\n', 'expected 1 to equal +0');
  });

  it('objects when something else is printed than is shown', async () => {
    await refused('```console\n$ echo intact\nTAMPERED\n```\n', '"TAMPERED" in what "echo intact" prints');
  });

  it('leaves running what goes on, and interrupts it at the end', async () => {
    await follow(
      '<!-- run on a laptop, until "begun" -->\n```sh\nforever\n```\n<!-- run on a laptop -->\n```sh\ntrue\n```\n',
    );
    await reader.end();
  });

  it('types other words where a page says so of its readers', async () => {
    await follow('```console\n$ [ 19000 = 7 ] && echo yes\nyes\n```\n');
  });

  it('has the commands of a clone', async () => {
    await follow(
      '```console\n$ npx rynxs --version\n0.1.0\n$ ls examples/agent-basic.yaml\nexamples/agent-basic.yaml\n```\n',
    );
  });

  it('tells lines apart by what is not a number', () => {
    expect(shapeOf('seq 9, 4 KiB in 95 ms')).to.equal(shapeOf('seq 10, 6.6 KiB in 1,095 ms'));
    expect(shapeOf('intact: 9')).not.to.equal(shapeOf('TAMPERED: 9'));
  });

  async function follow(page: string): Promise<void> {
    for (const block of shellBlocks('docs/x.md', page)) await reader.follow(block);
  }

  async function refused(page: string, why: string): Promise<void> {
    const error = await follow(page).then(
      () => undefined,
      (cause: Error) => cause,
    );
    expect(error?.message).to.include(why);
  }
});
