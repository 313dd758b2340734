import { MAX_SEQ } from '@rynxs/log';

const SEQ_DIGITS = 10;
const COMMIT_SUFFIX = '.json';
const COMMIT_NAME = /^\d{10}\.json$/;
const MAX_NAME_LENGTH = 200;
/** The character after the digits: no commit's key comes at or after it. */
const AFTER_DIGITS = ':';

/** Where everything of one log stands in its bucket, below one prefix. */
export class ObjectKeys {
  /** What all keys begin with. */
  readonly root: string;
  /** What the keys of named objects begin with. It sorts after all commits. */
  readonly objectsRoot: string;

  constructor(prefix: string) {
    this.root = `${prefix}/`;
    this.objectsRoot = `${prefix}/objects/`;
  }

  /** The key of the commit that begins with `seq`. Throws RangeError for what is no sequence number. */
  commit(seq: number): string {
    if (!Number.isInteger(seq) || seq < 0 || seq > MAX_SEQ)
      throw new RangeError(`${seq} is not a sequence number`);
    return `${this.root}${String(seq).padStart(SEQ_DIGITS, '0')}${COMMIT_SUFFIX}`;
  }

  /** A key after which all commits from `seq` on come, and none before. */
  before(seq: number): string {
    return this.commit(seq).slice(0, -COMMIT_SUFFIX.length);
  }

  /** The number that a commit's key holds; undefined for any other key. */
  seqOf(key: string): number | undefined {
    const name = key.slice(this.root.length);
    return COMMIT_NAME.test(name) ? Number(name.slice(0, SEQ_DIGITS)) : undefined;
  }

  /** Whether no commit's key can come after this one. */
  isBehindCommits(key: string): boolean {
    return key >= this.root + AFTER_DIGITS;
  }

  /** The key of a named object. Throws TypeError for what is no name. */
  object(name: string): string {
    const isValid =
      name.length <= MAX_NAME_LENGTH &&
      name
        .split('/')
        .every((segment) => /^[a-z0-9._-]+$/.test(segment) && segment !== '.' && segment !== '..');
    if (!isValid) throw new TypeError(`${JSON.stringify(name)} is not the name of an object`);
    return this.objectsRoot + name;
  }

  /** The name of a named object's key. */
  nameOf(key: string): string {
    return key.slice(this.objectsRoot.length);
  }
}
