import { execFileSync } from 'node:child_process';

/**
 * The shared libraries that a program of this machine needs, by their paths in an image of its own (ld.so(8)): none for
 * one that is linked statically.
 */
export function sharedLibraries(program: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    listing(program)
      .split('\n')
      .map((line) => /(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1])
      .filter((path) => path !== undefined)
      .map((path) => [path.slice(1), path]),
  );
}

/** What ldd prints; it calls a static program a failure. */
function listing(program: string): string {
  try {
    return execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    if (stderr?.includes('not a dynamic executable')) return '';
    throw error;
  }
}
