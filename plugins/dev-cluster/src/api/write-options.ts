import { at, isJsonObject, stringAt } from '../storage/json.js';
import { invalidValue } from '../storage/metadata-rules.js';
import { invalidOptions } from '../storage/status-error.js';
import type { DeleteOptions, WriteOptions } from '../storage/write-options.js';
import type { FieldValidation } from './decode.js';
import { parseBody, readBody } from './request-body.js';
import type { ResourceCall } from './resource-call.js';

/** Who writes, and whether for real, by the query and the User-Agent. Throws 422. */
export function writeOptions(call: ResourceCall): WriteOptions {
  const manager = call.query.get('fieldManager') ?? call.request.headers['user-agent']?.split('/', 1)[0];
  return {
    givesObject: true,
    dryRun: isDryRun(call, call.query.getAll('dryRun')),
    ...(manager === undefined || manager === '' ? {} : { fieldManager: manager.slice(0, 128) }),
  };
}

function isDryRun(call: ResourceCall, values: readonly string[]): boolean {
  const [value] = values;
  if (value === undefined || value === '') return false;
  if (values.length === 1 && value === 'All') return true;
  throw invalidOptions(optionsOf(call), [
    {
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(values)}: supported values: "All"`,
      field: 'dryRun',
    },
  ]);
}

/** How to delete, by the body (DeleteOptions) or the query. Throws 400, 422. */
export async function deleteOptions(call: ResourceCall): Promise<DeleteOptions> {
  const body = await readBody(call.request);
  const sent = body.length === 0 ? {} : await parseBody(call.request, body);
  const options = isJsonObject(sent) ? sent : {};
  const { query } = call;
  const policy = stringAt(options, 'propagationPolicy') ?? query.get('propagationPolicy') ?? undefined;
  const orphans = at(options, 'orphanDependents') ?? query.get('orphanDependents');
  const grace = at(options, 'gracePeriodSeconds') ?? query.get('gracePeriodSeconds');
  if (policy !== undefined && policy !== 'Background' && policy !== 'Foreground' && policy !== 'Orphan') {
    throw invalidOptions('DeleteOptions', [
      {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
        field: 'propagationPolicy',
      },
    ]);
  }
  if (policy !== undefined && orphans !== null && orphans !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set';
    throw invalidOptions('DeleteOptions', [invalidValue('propagationPolicy', policy, detail)]);
  }
  const uid = stringAt(options, 'preconditions', 'uid');
  const resourceVersion = stringAt(options, 'preconditions', 'resourceVersion');
  const dryRun = Array.isArray(options.dryRun) ? options.dryRun.map(String) : query.getAll('dryRun');
  return {
    ...writeOptions(call),
    dryRun: isDryRun(call, dryRun),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(policy === undefined && String(orphans) === 'true' ? { propagationPolicy: 'Orphan' as const } : {}),
    ...(grace === null || grace === undefined ? {} : { gracePeriodSeconds: Number(grace) }),
    preconditions: {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}

/** What the API calls the options of a write. */
function optionsOf({ verb }: ResourceCall): string {
  if (verb === 'create') return 'CreateOptions';
  if (verb === 'patch') return 'PatchOptions';
  return verb === 'update' ? 'UpdateOptions' : 'DeleteOptions';
}

/** What happens with fields that the kind does not have, by the query; the default is Warn. Throws 422. */
export function fieldValidationOf(call: ResourceCall): FieldValidation {
  const value = call.query.get('fieldValidation') ?? '';
  if (value === '') return 'Warn';
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value;
  throw invalidOptions(optionsOf(call), [
    {
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: "", "Ignore", "Strict", "Warn"`,
      field: 'fieldValidation',
    },
  ]);
}
