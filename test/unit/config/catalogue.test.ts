import { expect, test } from '@jest/globals';
import { findKnownObject, KNOWN_OBJECTS, nearestKnownObject } from '../../../worker/catalogue.js';

test('documents are told created by their audit time, not by the date a user typed', () => {
  for (const object of ['APBILL', 'APPYMT', 'ARINVOICE', 'SODOCUMENT', 'PODOCUMENT', 'EEXPENSES', 'GLDETAIL']) {
    expect(findKnownObject(object)?.createdField).toBe('AUWHENCREATED');
  }
  for (const object of ['CUSTOMER', 'VENDOR', 'APBILLITEM', 'GLBATCH']) {
    expect(findKnownObject(object)?.createdField).toBe('WHENCREATED');
  }
});

test('no object stands in the catalogue twice', () => {
  expect(KNOWN_OBJECTS.size).toBe(40);
});

test.each([
  ['INVOCIE', 'ARINVOICE'],
  ['customers', 'CUSTOMER'],
  ['BILL', 'APBILL'],
  ['VENDRO', 'VENDOR'],
  ['GLENTRIES', 'GLENTRY'],
  ['SomethingElse', undefined],
])('%s is taken for %s', (name, nearest) => {
  expect(nearestKnownObject(name)).toBe(nearest);
});

test('a name that every JavaScript object has is not a known object', () => {
  expect(findKnownObject('constructor')).toBeUndefined();
});
