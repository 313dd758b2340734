export { runCommandLine } from './command-line.js';
export { type VerifyOptions, verifyLog } from './log-verification/verify-log.js';
export type { VerifyReport } from './log-verification/verify-report.js';
export type { Terminal, TextOutput } from './terminal/terminal.js';
