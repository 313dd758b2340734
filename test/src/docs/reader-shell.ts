import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ANY_PORTS, ROOT, RynxsProcess, TestDirectory } from '../rynxs-process.js';
import { type Command, parseMark, type ShellBlock } from './documents.js';

/** What a clone has that commands name. */
const CLONE = ['README.md', 'docs', 'examples', 'helm', 'scripts', 'package.json'];

export interface ReaderOptions {
  readonly programs?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly inPlaceOf?: Readonly<Record<string, string>>;
}

/** What goes on until the end of the page, and is interrupted then as by Ctrl-C. */
const INTERRUPTED = [0, 130];

/**
 * A reader of documents: types the commands of a page into one shell, in their order, and looks whether each does what the
 * page says. A directory of its own stands for the clone; the commands of a clone are those of this working copy.
 */
export class ReaderShell implements AsyncDisposable {
  readonly #directory = new TestDirectory();
  readonly #running: RynxsProcess[] = [];
  readonly #env: Readonly<Record<string, string>>;
  readonly #inPlaceOf: Readonly<Record<string, string>>;

  /**
   * `programs` are commands on PATH by their names, besides those of a clone: the code of a shell script each. `inPlaceOf` has
   * what is typed in place of words of the page, such as a port that is free here.
   */
  constructor({ programs = {}, env = {}, inPlaceOf = {} }: ReaderOptions) {
    this.#inPlaceOf = inPlaceOf;
    mkdirSync(this.#path('bin'));
    mkdirSync(this.#path('home'));
    for (const [name, code] of Object.entries({ ...OF_A_CLONE, ...programs })) {
      writeFileSync(this.#path('bin', name), `#!/bin/sh\n${code}\n`);
      chmodSync(this.#path('bin', name), 0o755);
    }
    mkdirSync(this.#path('clone'));
    for (const name of CLONE) symlinkSync(join(ROOT, name), this.#path('clone', name));
    writeFileSync(this.#path('cwd'), this.#path('clone'));
    this.#env = { ...env, HOME: this.#path('home'), PATH: `${this.#path('bin')}:${process.env.PATH}` };
  }

  /** Directory that stands for the clone. */
  get clone(): string {
    return this.#path('clone');
  }

  /** Runs a block; fails when a command does, or prints other than the page shows. */
  async follow(block: ShellBlock): Promise<void> {
    const mark = parseMark(block.mark ?? '');
    for (const command of block.commands) {
      if (mark?.kind === 'run' && mark.until !== undefined) await this.goOn(command.text, mark.until);
      else await this.type(command, `${block.document}:${block.line}`);
    }
  }

  /** Runs one command; fails when it does, or when it prints other than is shown. */
  async type({ text, shown }: Command, place: string): Promise<void> {
    await using shell = this.#shell(`${text}\nexport -p > "$READER_STATE"; pwd > "$READER_CWD"`);
    const { code, stdout, stderr } = await shell.ended();
    expect(code, `${place}: ${text}\n${stdout}${stderr}`).to.equal(0);
    const printed = (stdout + stderr).split('\n').map(shapeOf);
    let from = 0;
    for (const line of shown) {
      const at = printed.indexOf(shapeOf(line), from);
      expect(at, `${place}: "${line}" in what "${text}" prints:\n${stdout}${stderr}`).to.be.at.least(0);
      from = at + 1;
    }
  }

  /** Starts a command in a terminal of its own, and leaves it running once it has printed `until`. */
  async goOn(text: string, until: string): Promise<void> {
    const terminal = this.#shell(`exec ${text}`);
    this.#running.push(terminal);
    await terminal.printed(until);
  }

  /** Variables and directory are those that the command before has left. */
  #shell(text: string): RynxsProcess {
    const code = Object.entries(this.#inPlaceOf).reduce(
      (changed, [word, other]) => changed.replaceAll(word, other),
      text,
    );
    const state = existsSync(this.#path('state')) ? '. "$READER_STATE"\n' : '';
    const cwd = readFileSync(this.#path('cwd'), 'utf8').trim();
    return new RynxsProcess(['bash', '-eu', '-o', 'pipefail', '-c', `${state}set -a\n${code}`], cwd, {
      ...this.#env,
      READER_STATE: this.#path('state'),
      READER_CWD: this.#path('cwd'),
    });
  }

  /** Ends what still runs, as with Ctrl-C; fails when it does not end well. */
  async end(): Promise<void> {
    for (let running = this.#running.pop(); running !== undefined; running = this.#running.pop()) {
      running.signal('SIGINT');
      const { code } = await running.ended();
      expect(INTERRUPTED, running.output).to.include(code);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running) await running[Symbol.asyncDispose]();
    this.#directory[Symbol.dispose]();
  }

  #path(...names: string[]): string {
    return join(this.#directory.path, ...names);
  }
}

const NODE = `'${process.execPath}'`;

/** What a reader has in a clone. Ports are free ones, so that nothing of this machine is in the way. */
const OF_A_CLONE: Readonly<Record<string, string>> = {
  rynxs: `exec ${NODE} '${join(ROOT, 'cli/bin/rynxs.js')}' "$@"`,
  npx: `[ "$1" = rynxs ] && shift && exec rynxs "$@"; echo "npx $1 is not for readers" >&2; exit 1`,
  npm: `while :; do case "$1" in
  --silent) shift ;;
  start) shift; [ "\${1-}" = --silent ] && shift; [ "\${1-}" = -- ] && shift
    exec ${NODE} '${join(ROOT, 'scripts/start.mjs')}' ${ANY_PORTS.join(' ')} "$@" ;;
  run) shift; [ "$1" = --silent ] && shift; name=$1; shift; [ "\${1-}" = -- ] && shift
    script=$(${NODE} -p 'JSON.parse(fs.readFileSync("${join(ROOT, 'package.json')}")).scripts[process.argv[1]] ?? ""' "$name")
    case "$script" in
      *'node scripts/'*) set -- \${script##*node scripts/} "$@"; file=$1; shift; exec ${NODE} '${ROOT}'/scripts/"$file" "$@" ;;
      *) echo "there is no script $name" >&2; exit 1 ;;
    esac ;;
  *) echo "npm $1 is not for readers" >&2; exit 1 ;;
esac; done`,
  // A clone is here already.
  git: `[ "$1" = clone ] || exit 1; directory=\${2##*/}; exec ln -s '.' "\${directory%.git}"`,
};

/** What a line says, without what is another in each run: times, ages, sizes, counts, hashes, names of pods. */
export function shapeOf(line: string): string {
  return line
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/\b[0-9a-f]{32,64}\b/g, '<hex>')
    .replace(/[A-Za-z0-9+/]{43}=/g, '<base64>')
    .replace(/(?<=rynxs-operator-)[a-z0-9]{8,10}-[a-z0-9]{5}\b/g, '<pod>')
    .replace(/(?<!v)\b\d[\d.,]*(?:ms|s|m|h|d)\b/g, '<n>')
    .replace(/\b\d[\d.,]* ?(ms|s|B|KiB|MiB|GiB)?(?=\W|$)/g, '<n>')
    .replace(/(s3|file):\/\/\S+/g, '<log>')
    .replace(/\s+/g, ' ')
    .trim();
}
