import { expect } from 'chai';
import { dropManagedFieldSets } from './default-transform.js';

describe('the default transform', () => {
  it('drops the field sets of managedFields and keeps who changed what when', () => {
    const who = {
      manager: 'kubectl',
      operation: 'Update',
      time: '2026-01-01T00:00:00Z',
      subresource: 'status',
    };
    const object = {
      metadata: {
        name: 'a',
        managedFields: [{ ...who, apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: { 'f:data': {} } }],
      },
      data: { key: 'value' },
      unknownField: [1],
    };
    expect(dropManagedFieldSets(object)).to.deep.equal({
      metadata: { name: 'a', managedFields: [{ ...who, apiVersion: 'v1' }] },
      data: { key: 'value' },
      unknownField: [1],
    });
  });

  it('gives back an object without managedFields as it is', () => {
    const object = { metadata: { name: 'a' } };
    expect(dropManagedFieldSets(object)).to.equal(object);
  });
});
