import { at, isJsonObject, stringAt } from '../storage/json.js';
import { badRequest, invalid } from '../storage/status-error.js';
import type { DeleteOptions, WriteOptions } from '../storage/write-options.js';
import { parseBody, readBody } from './request-body.js';
import type { ResourceCall } from './resource-call.js';

/** Who writes, and whether for real, by the query and the User-Agent. Throws 400. */
export function writeOptions(call: ResourceCall): WriteOptions {
  const manager = call.query.get('fieldManager') ?? call.request.headers['user-agent']?.split('/', 1)[0];
  return {
    givesObject: true,
    dryRun: isDryRun(call.query.getAll('dryRun')),
    ...(manager === undefined || manager === '' ? {} : { fieldManager: manager.slice(0, 128) }),
  };
}

function isDryRun(values: readonly string[]): boolean {
  const [value] = values;
  if (value === undefined || value === '') return false;
  if (values.length === 1 && value === 'All') return true;
  throw badRequest(`Unsupported value: ${JSON.stringify(value)}: supported values: "All"`);
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
    throw invalid({ ...call.served.type, group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      {
        reason: 'FieldValueNotSupported',
        message: `Unsupported value: ${JSON.stringify(policy)}: supported values: "Background", "Foreground", "Orphan"`,
        field: 'propagationPolicy',
      },
    ]);
  }
  const uid = stringAt(options, 'preconditions', 'uid');
  const resourceVersion = stringAt(options, 'preconditions', 'resourceVersion');
  const dryRun = Array.isArray(options.dryRun) ? options.dryRun.map(String) : query.getAll('dryRun');
  return {
    ...writeOptions(call),
    dryRun: isDryRun(dryRun),
    ...(policy === undefined ? {} : { propagationPolicy: policy }),
    ...(policy === undefined && String(orphans) === 'true' ? { propagationPolicy: 'Orphan' as const } : {}),
    ...(grace === null || grace === undefined ? {} : { gracePeriodSeconds: Number(grace) }),
    preconditions: {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
  };
}
