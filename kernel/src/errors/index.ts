export * from './rynxs-error.js';
export { ERROR_TABLE, type ErrorCode } from './table.js';
