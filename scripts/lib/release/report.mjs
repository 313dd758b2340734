const VERDICTS = { passed: 'PASSED', failed: 'FAILED' };

/**
 * What a script tells: each step with the time that it took, as it happens, and at the end the verdict. In JSON the steps go
 * to stderr, and one object to stdout.
 */
export class Report {
  #script;
  #isJson;
  #streams;
  #verdicts;
  #started = performance.now();
  #steps = [];
  #measured = {};
  #problems = [];

  /** @param {{ script: string, output: 'text' | 'json', verdicts?: { passed: string, failed: string }, streams?: { stdout: import('node:stream').Writable, stderr: import('node:stream').Writable } }} options */
  constructor({ script, output, verdicts = VERDICTS, streams = process }) {
    this.#script = script;
    this.#isJson = output === 'json';
    this.#streams = streams;
    this.#verdicts = verdicts;
  }

  /**
   * Does one step and prints what came of it. `action` resolves to a line that says so, or to nothing; what it throws goes on.
   *
   * @template T
   * @param {string} name
   * @param {() => Promise<T>} action
   * @param {(result: T) => string | undefined} describe
   */
  async step(name, action, describe = () => undefined) {
    const started = performance.now();
    try {
      const result = await action();
      this.#add({ name, passed: true, seconds: secondsSince(started), detail: describe(result) ?? null });
      return result;
    } catch (error) {
      this.#add({ name, passed: false, seconds: secondsSince(started), detail: null });
      throw error;
    }
  }

  /** A line for people, between the steps. */
  say(line) {
    const stream = this.#isJson ? this.#streams.stderr : this.#streams.stdout;
    stream.write(`${line}\n`);
  }

  /** A figure for who reads the JSON; `name` carries the unit. */
  measure(name, value) {
    this.#measured[name] = value;
  }

  /** Something that is not as it has to be, where the script goes on to look for more. */
  problem(text) {
    this.#problems.push(text);
    this.say(`  ✗ ${text}`);
  }

  get problems() {
    return this.#problems;
  }

  /** Prints the verdict. */
  close({ isInterrupted }) {
    const passed = this.#problems.length === 0 && !isInterrupted;
    const seconds = secondsSince(this.#started);
    if (this.#isJson) {
      const [script, steps, measured, problems] = [this.#script, this.#steps, this.#measured, this.#problems];
      const result = { script, passed, interrupted: isInterrupted, seconds, steps, measured, problems };
      this.#streams.stdout.write(`${JSON.stringify(result)}\n`);
      return;
    }
    const verdict = isInterrupted ? 'INTERRUPTED' : passed ? this.#verdicts.passed : this.#verdicts.failed;
    this.say(`${verdict}  ${this.#script} in ${seconds.toFixed(1)} s`);
    if (this.#problems.length > 1)
      this.say(this.#problems.map((problem) => `  ${problem.split('\n')[0]}`).join('\n'));
  }

  #add(step) {
    this.#steps.push(step);
    const { name, passed, seconds, detail } = step;
    const time = `${seconds.toFixed(1)} s`.padStart(8);
    this.say(`${passed ? '✓' : '✗'} ${time}  ${name}${detail === null ? '' : `: ${detail}`}`);
  }
}

function secondsSince(started) {
  return Math.round(performance.now() - started) / 1000;
}
