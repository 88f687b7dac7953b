import type { TriggerEvent } from '../../../shared/index.js';

/** The example of the documentation. */
export function validEvent(): TriggerEvent {
  return {
    specversion: '1.0',
    id: 'e0f3c2',
    source: '/intacct/acme/100-US',
    type: 'intacct.customer.created',
    subject: 'CUSTOMER/1234',
    time: '2026-11-22T04:30:00Z',
    datacontenttype: 'application/json',
    data: {
      connection: 'acme',
      companyId: 'acme',
      location: '100-US',
      object: 'CUSTOMER',
      op: 'created',
      key: '1234',
      modifiedAt: '2026-11-22T04:30:00Z',
      createdAt: '2026-11-22T04:30:00Z',
      detectedAt: '2026-11-22T04:30:31.120Z',
      record: { RECORDNO: '1234', NAME: 'Ann', TOTALDUE: '12345678901234567890.10', NOTE: null },
    },
  };
}
