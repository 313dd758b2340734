import { isIP } from 'node:net';
import { at, type JsonObject, objectAt, objectsAt, stringAt } from '../storage/json.js';
import { invalidValue } from '../storage/metadata-rules.js';
import type { StatusCause } from '../storage/status-error.js';
import { AGE_COLUMN, column, NAME_COLUMN, selectorText } from './columns.js';
import { ensureObject, setDefault } from './defaults.js';
import type { ResourceDefinition } from './definition.js';
import { unsupportedValue } from './pod-rules.js';
import { NETWORK_POLICIES } from './types.js';

export const NETWORK_POLICY_DEFINITION: ResourceDefinition = {
  type: NETWORK_POLICIES,
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  categories: [],
  listKind: 'NetworkPolicyList',
  hasStatus: false,
  hasGeneration: true,
  allowsUnconditionalUpdate: true,
  columns: [
    NAME_COLUMN,
    column('Pod-Selector', (object) => selectorText(at(object, 'spec', 'podSelector'))),
    AGE_COLUMN,
  ],
  applyDefaults: (object) => {
    const spec = ensureObject(object, 'spec');
    setDefault(spec, 'podSelector', {});
    if (spec.policyTypes === undefined) {
      const egress = Array.isArray(spec.egress) && spec.egress.length > 0;
      spec.policyTypes = egress ? ['Ingress', 'Egress'] : ['Ingress'];
    }
    for (const rule of [...objectsAt(spec, 'ingress'), ...objectsAt(spec, 'egress')]) {
      for (const port of objectsAt(rule, 'ports')) setDefault(port, 'protocol', 'TCP');
    }
  },
  validate: (object) => {
    const spec = objectAt(object, 'spec');
    return [
      ...ruleCauses('spec.ingress', spec, 'ingress', 'from'),
      ...ruleCauses('spec.egress', spec, 'egress', 'to'),
    ];
  },
};

function ruleCauses(path: string, spec: JsonObject, list: string, peers: string): StatusCause[] {
  const causes: StatusCause[] = [];
  objectsAt(spec, list).forEach((rule, index) => {
    objectsAt(rule, 'ports').forEach((port, portIndex) => {
      const field = `${path}[${index}].ports[${portIndex}]`;
      if (!['TCP', 'UDP', 'SCTP'].includes(String(port.protocol))) {
        causes.push(unsupportedValue(`${field}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']));
      }
      if (typeof port.port === 'number' && (port.port < 1 || port.port > 65_535)) {
        causes.push(invalidValue(`${field}.port`, port.port, 'must be between 1 and 65535, inclusive'));
      }
    });
    objectsAt(rule, peers).forEach((peer, peerIndex) => {
      const cidr = at(peer, 'ipBlock', 'cidr');
      const field = `${path}[${index}].${peers}[${peerIndex}]`;
      if (Object.keys(peer).length === 0) {
        causes.push({ reason: 'FieldValueRequired', message: 'Required value: must specify a peer', field });
      }
      if (cidr !== undefined && !isCidr(cidr)) {
        causes.push(
          invalidValue(
            `${field}.ipBlock.cidr`,
            cidr,
            'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
          ),
        );
      }
      const except = at(peer, 'ipBlock', 'except');
      (Array.isArray(except) ? except : []).forEach((each, exceptIndex) => {
        if (isCidr(each)) return;
        causes.push(
          invalidValue(
            `${field}.ipBlock.except[${exceptIndex}]`,
            stringAt(each) ?? each,
            'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
          ),
        );
      });
    });
  });
  return causes;
}

function isCidr(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const [address, bits, ...rest] = value.split('/');
  const family = isIP(address ?? '');
  if (family === 0 || rest.length > 0 || bits === undefined || !/^\d{1,3}$/.test(bits)) return false;
  return Number(bits) <= (family === 4 ? 32 : 128);
}
