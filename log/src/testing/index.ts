export { AuditedLog } from './audited-log.js';
export { type LegacyEvent, LegacyLog, type LegacyVersion } from './legacy-log.js';
export { PythonFloat, type PythonJson, pythonJson } from './python-json.js';
