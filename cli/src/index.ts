export { runCommandLine } from './command-line.js';
export type { Terminal, TextOutput } from './terminal/terminal.js';
