export { runCommandLine } from './command-line.js';
export { ANCHOR, LEASE, type Need, OPERATOR_NEEDS, type Scope } from './doctor/permissions/needs.js';
export { formatRule, type PolicyRule, ruleOf } from './doctor/permissions/rules.js';
export { type VerifyOptions, verifyLog } from './log-verification/verify-log.js';
export type { VerifyReport } from './log-verification/verify-report.js';
export type { Terminal, TextOutput } from './terminal/terminal.js';
