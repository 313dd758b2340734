import { quoted, quotedCommand } from './shell.js';

/** A command as a container's specification has it, with nothing left to resolve. */
export interface ConfinedCommand {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  /** Whether input comes from file descriptor 6; otherwise there is none. */
  readonly hasStdin: boolean;
  /** Whether to give it a terminal of its own, by the host's `script`. */
  readonly tty: boolean;
}

/** What the scripts below report. */
export const READY = 'ready';
export const NO_COMMAND = 'no-command';
export const NO_DIRECTORY = 'no-directory';

/** Variables that shells export on their own account. */
const SHELL_VARIABLES = ['PWD', 'OLDPWD', 'SHLVL', '_'];
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * The script that turns the last shell into the command, for `sh -s`. It comes over a pipe because environments hold
 * secrets and command lines can be read by everyone on the host. File descriptors of that shell: 1 takes reports, 2
 * errors of the set-up, 3 and 4 become output and errors of the command, 6 its input; none other is left open.
 */
export function confinedScript(command: ConfinedCommand): string {
  const { argv, env, workingDir } = command;
  const exported = Object.entries(env).filter(([name]) => IDENTIFIER.test(name));
  // Names that no shell takes are given to env(1) directly.
  const others = Object.entries(env).filter(([name]) => !IDENTIFIER.test(name));
  const unset = SHELL_VARIABLES.filter((name) => !Object.hasOwn(env, name)).flatMap((name) => ['-u', name]);
  const program = quoted(argv[0] ?? '');
  const run = quotedCommand(argv);
  const words = command.tty
    ? `script -qefc ${quoted(`tty >&9; exec 9>&-; exec ${run}`)} /dev/null 9>&1`
    : run;
  return [
    `[ -d ${quoted(workingDir)} ] || mkdir -p ${quoted(workingDir)} || { echo ${NO_DIRECTORY}; exit 126; }`,
    `cd ${quoted(workingDir)} || { echo ${NO_DIRECTORY}; exit 126; }`,
    ...exported.map(([name, value]) => `export ${name}=${quoted(value)}`),
    `command -v ${program} >/dev/null || { echo ${NO_COMMAND}; exit 127; }`,
    `echo ${READY}`,
    [
      'exec /usr/bin/env',
      ...unset,
      ...others.map(([name, value]) => quoted(`${name}=${value}`)),
      words,
      command.hasStdin ? '<&6' : '</dev/null',
      '>&3 2>&4 3>&- 4>&- 6<&-',
    ].join(' '),
    '',
  ].join('\n');
}
