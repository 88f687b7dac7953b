import { Secret } from '../../shared/secret.js';
import type { ConnectionSettings } from '../../worker/config/settings.js';
import { EVERY_MS, OBJECTS, type Setting } from './story.js';

/** The settings of a worker in a story; the pollers are made of them by the worker's own rules. */
export function connectionOf(setting: Setting, locations: readonly string[] | null): ConnectionSettings {
  const secret = new Secret('x');
  return {
    name: 'acme',
    endpoint: 'https://api.intacct.com/ia/xml/xmlgw.phtml',
    senderId: 's',
    senderPassword: secret,
    companyId: 'acme-co',
    userId: 'u',
    userPassword: secret,
    locations: locations ?? 'all',
    maxConcurrentRequests: 1,
    monthlyTransactions: null,
    timezoneOffsetMinutes: 0,
    triggers: OBJECTS.slice(0, setting.objects).map((object, index) => ({
      object,
      on: ['created', 'updated'],
      keyField: 'RECORDNO',
      modifiedField: 'WHENMODIFIED',
      createdField: 'AUWHENCREATED',
      fields: setting.fields === 'all' ? 'all' : ['VERSION'],
      ignoreFields: [],
      where: {},
      everyMs: EVERY_MS * (1 + index * 2),
      startFrom: { agoMs: setting.startAgoMs },
      queues: ['one', 'two'].slice(0, setting.queues),
    })),
  };
}
