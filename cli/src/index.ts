export { runCommandLine } from './command-line.js';
export { manyCheckpoints, newestCheckpoints } from './log-reading/checkpoint-notes.js';
export { type VerifyOptions, verifyLog } from './log-verification/verify-log.js';
export type { VerifyReport } from './log-verification/verify-report.js';
export type { Terminal, TextOutput } from './terminal/terminal.js';
