import { describe, expect, test } from '@jest/globals';
import { describeSettings } from '../../../worker/config/describe-settings.js';
import { SettingsError } from '../../../worker/config/settings-error.js';
import { load, problemsOf, problemsWith, VALID_ENV } from './sources.js';

describe('the environment alone', () => {
  test('one connection named after the company, with the documented defaults', () => {
    const { settings, warnings } = load(VALID_ENV);
    expect(warnings).toEqual([]);
    expect(describeSettings(settings)).toEqual({
      redis: 'redis://127.0.0.1:6379',
      queuePrefix: 'bull',
      eventsQueue: 'intacct-events',
      queueHighWater: 100_000,
      http: { host: '127.0.0.1', port: 9464 },
      adminToken: 'unset',
      logLevel: 'info',
      traces: 'off',
      settle: '30s',
      overlap: '5m',
      sweepEvery: '1h',
      sweepBack: '3h',
      connections: [
        {
          name: 'acme',
          endpoint: 'https://api.intacct.com/ia/xml/xmlgw.phtml',
          senderId: 'acme_sender',
          senderPassword: 'set',
          companyId: 'acme',
          userId: 'triggers_isu',
          userPassword: 'set',
          locations: 'all',
          maxConcurrentRequests: 1,
          monthlyTransactions: null,
          timezoneOffset: '+00:00',
          triggers: [
            {
              object: 'CUSTOMER',
              on: ['created', 'updated'],
              keyField: 'RECORDNO',
              modifiedField: 'WHENMODIFIED',
              createdField: 'WHENCREATED',
              fields: 'all',
              ignoreFields: [],
              where: {},
              every: '5m',
              startFrom: '1h',
              queues: ['intacct-events'],
            },
          ],
        },
      ],
    });
  });

  test('one start tells every mistake, in the words of an operator', () => {
    const env = { ...VALID_ENV, INTACCT_SENDER_ID: undefined, POLL_EVERY: 'five', INTACCT_OBJECTS: 'CUSTOMER,INVOCIE' };
    expect(() => load(env)).toThrow(
      new SettingsError([
        'INTACCT_SENDER_ID is missing',
        'INTACCT_OBJECTS: "INVOCIE" is not a known object; did you mean ARINVOICE? (in CONFIG_FILE, set key and modifiedField to watch it anyway)',
        'POLL_EVERY expects a duration like 30s or 5m, got "five"',
      ]),
    );
    expect(() => load(env)).toThrow(
      /^Cannot start, 3 settings are wrong:\n {2}INTACCT_SENDER_ID is missing\n {2}INTACCT_OBJECTS: /,
    );
  });

  test('an empty environment names each setting that has no default', () => {
    expect(problemsOf({})).toEqual(
      ['SENDER_ID', 'SENDER_PASSWORD', 'COMPANY_ID', 'USER_ID', 'USER_PASSWORD', 'OBJECTS'].map(
        (name) => `INTACCT_${name} is missing`,
      ),
    );
  });

  test('a blank value, as an env file leaves it, is the same as none', () => {
    const { settings } = load({
      ...VALID_ENV,
      INTACCT_LOCATION_IDS: '  ',
      POLL_EVERY: '',
      ADMIN_TOKEN: '',
      HTTP_PORT: ' ',
    });
    expect(settings.connections[0]?.locations).toBe('all');
    expect(settings.connections[0]?.triggers[0]?.everyMs).toBe(300_000);
    expect(settings.adminToken).toBeNull();
    expect(settings.http?.port).toBe(9464);
  });

  test('locations keep every odd character but their order and number', () => {
    const { settings } = load({ ...VALID_ENV, INTACCT_LOCATION_IDS: '100-US, a&b<c>,200:UK,Zürich "Süd"' });
    expect(settings.connections[0]?.locations).toEqual(['100-US', 'a&b<c>', '200:UK', 'Zürich "Süd"']);
  });

  test('objects are found in lower case, with the audit time of each kind', () => {
    const { settings } = load({ ...VALID_ENV, INTACCT_OBJECTS: 'customer, ApBill,' });
    expect(settings.connections[0]?.triggers.map(({ object, createdField }) => [object, createdField])).toEqual([
      ['CUSTOMER', 'WHENCREATED'],
      ['APBILL', 'AUWHENCREATED'],
    ]);
  });

  test('a company id that is no key becomes a connection name that is one', () => {
    const { settings } = load({ ...VALID_ENV, INTACCT_COMPANY_ID: 'Acme & Söhne:1' });
    expect(settings.connections[0]).toMatchObject({ name: 'Acme---S-hne-1', companyId: 'Acme & Söhne:1' });
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel:4318' }, 'http://otel:4318/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel/below/' }, 'https://otel/below/v1/traces'],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://otel:4318/in' }, 'http://otel:4318/in'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:4318', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://b:4318/v1/traces' },
      'http://b:4318/v1/traces',
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, null],
  ])('%j sends traces to %s', (change, tracesUrl) => {
    const { settings } = load({ ...VALID_ENV, ...change });
    expect(settings.tracesUrl).toBe(tracesUrl);
    expect(describeSettings(settings)).toMatchObject({ traces: tracesUrl ?? 'off' });
  });

  test('port 0 serves nothing', () => {
    expect(load({ ...VALID_ENV, HTTP_PORT: '0' }).settings.http).toBeNull();
  });
});

describe('what is refused', () => {
  test.each([
    [{ POLL_EVERY: '5' }, 'POLL_EVERY expects a duration like 30s or 5m, got "5"'],
    [{ POLL_EVERY: '-5m' }, 'POLL_EVERY expects a duration like 30s or 5m, got "-5m"'],
    [{ POLL_EVERY: '500ms' }, 'POLL_EVERY expects a duration of at least 1s, got "500ms"'],
    [{ POLL_EVERY: '0s' }, 'POLL_EVERY expects a duration of at least 1s, got "0s"'],
    [{ POLL_EVERY: '1e3s' }, 'POLL_EVERY expects a duration like 30s or 5m, got "1e3s"'],
    [{ SETTLE: '-1s' }, 'SETTLE expects a duration like 30s or 5m, got "-1s"'],
    [{ OVERLAP: '999999999d' }, 'OVERLAP expects a duration of at most 366d, got "999999999d"'],
    [{ SWEEP_EVERY: '0s' }, 'SWEEP_EVERY expects a duration above 0s, got "0s"'],
    [{ OVERLAP: '4h' }, 'SWEEP_BACK expects at least OVERLAP (4h), got "3h"'],
    [
      { START_FROM: 'yesterday' },
      'START_FROM expects a duration like 1h or an instant with its zone like 2026-11-01T00:00:00Z, got "yesterday"',
    ],
    [{ START_FROM: '2026-11-01T00:00:00' }, expect.stringContaining('an instant with its zone')],
    [{ START_FROM: '2026-02-30T00:00:00Z' }, expect.stringContaining('got "2026-02-30T00:00:00Z"')],
    [{ HTTP_PORT: '65536' }, 'HTTP_PORT expects a whole number from 0 to 65535, got "65536"'],
    [{ HTTP_PORT: '94.64' }, expect.stringContaining('HTTP_PORT expects a whole number')],
    [{ HTTP_PORT: '0x10' }, expect.stringContaining('HTTP_PORT expects a whole number')],
    [{ HTTP_HOST: 'http://localhost' }, expect.stringContaining('HTTP_HOST expects an address to listen on')],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL expects trace, debug, info, warn, error, fatal or silent, got "loud"'],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'otel:4318' },
      'OTEL_EXPORTER_OTLP_ENDPOINT expects an http or https URL like http://127.0.0.1:4318, got "otel:4318"',
    ],
    [
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://otel/v1/traces?key=hunter2' },
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT expects a URL without user name, password, "?" and "#"',
    ],
    [{ EVENTS_QUEUE: 'a:b' }, expect.stringContaining('EVENTS_QUEUE expects a queue name')],
    [{ EVENTS_QUEUE: 'intacct-rejected' }, expect.stringContaining('which the worker keeps for itself')],
    [{ EVENTS_QUEUE: 'intacct-polls-2' }, expect.stringContaining('which the worker keeps for itself')],
    [{ QUEUE_PREFIX: '{bull' }, expect.stringContaining('QUEUE_PREFIX expects')],
    [{ QUEUE_PREFIX: 'a b' }, expect.stringContaining('QUEUE_PREFIX expects')],
    [{ REDIS_URL: 'localhost:6379' }, expect.stringContaining('REDIS_URL expects a URL like')],
    [{ REDIS_URL: 'redis:///0' }, expect.stringContaining('REDIS_URL expects a URL like')],
    [{ ADMIN_TOKEN: 'two words' }, 'ADMIN_TOKEN expects printable ASCII characters without blanks'],
    [{ INTACCT_LOCATION_IDS: '100,200,100' }, 'INTACCT_LOCATION_IDS: "100" is listed twice'],
    [{ INTACCT_LOCATION_IDS: '100,all' }, 'INTACCT_LOCATION_IDS expects either all or Location IDs, got both'],
    [
      { INTACCT_LOCATION_IDS: '100,2\u000000' },
      expect.stringContaining('INTACCT_LOCATION_IDS expects a text without line breaks'),
    ],
    [
      { INTACCT_COMPANY_ID: 'ac\u001bme' },
      expect.stringContaining('INTACCT_COMPANY_ID expects a text without line breaks'),
    ],
    [{ INTACCT_OBJECTS: 'CUSTOMER,VENDOR,customer' }, 'INTACCT_OBJECTS: "customer" is watched twice'],
    [{ INTACCT_OBJECTS: ',' }, 'INTACCT_OBJECTS expects at least one trigger, got an empty list'],
    [
      { INTACCT_OBJECTS: '<query>' },
      'INTACCT_OBJECTS expects the name of an Intacct object like CUSTOMER, got "<query>"',
    ],
  ])('%j', (change, problem) => {
    expect(problemsWith(change)).toEqual([problem]);
  });

  test.each([
    'http://api.intacct.com/ia/xml/xmlgw.phtml',
    'http://127.0.0.1.evil.com/',
    'http://localhost.evil.com/',
    'http://10.0.0.1/',
    'ftp://api.intacct.com/',
    'api.intacct.com',
    'https://',
  ])('the endpoint %s', (endpoint) => {
    expect(problemsWith({ INTACCT_ENDPOINT: endpoint })).toEqual([
      `INTACCT_ENDPOINT expects an https URL (http is accepted for loopback hosts only), got "${endpoint}"`,
    ]);
  });

  test.each([
    'https://user:hunter2@api.intacct.com/',
    'https://api.intacct.com/?password=hunter2',
    'https://h.com/#hunter2',
  ])('an endpoint with a password in it, which is not shown', (endpoint) => {
    const problems = problemsWith({ INTACCT_ENDPOINT: endpoint });
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain('hunter2');
  });
});

test.each(['http://127.0.0.1:8080/x', 'http://localhost:1/', 'http://[::1]:80/', 'https://na12.intacct.com/ia'])(
  'the endpoint %s is accepted',
  (endpoint) => {
    expect(problemsWith({ INTACCT_ENDPOINT: endpoint })).toEqual([]);
  },
);

test.each(['{bull}', 'app:{bull}:x', 'a.b_c-d'])('the queue prefix %s is accepted', (prefix) => {
  expect(problemsWith({ QUEUE_PREFIX: prefix })).toEqual([]);
});

describe('secrets', () => {
  test('come from files, without the line break that editors add', () => {
    const { settings } = load(
      { ...VALID_ENV, INTACCT_USER_PASSWORD: '', INTACCT_USER_PASSWORD_FILE: '/run/p', REDIS_URL_FILE: '/run/r' },
      { '/run/p': ' pass word \n', '/run/r': 'rediss://u:p@host:6380/1\r\n' },
    );
    expect(settings.connections[0]?.userPassword.reveal()).toBe(' pass word ');
    expect(settings.redisUrl.reveal()).toBe('rediss://u:p@host:6380/1');
  });

  test('given twice, from a missing file or an empty one are each told', () => {
    expect(
      problemsWith(
        {
          INTACCT_SENDER_PASSWORD_FILE: '/run/s',
          INTACCT_USER_PASSWORD: undefined,
          INTACCT_USER_PASSWORD_FILE: '/run/missing',
          ADMIN_TOKEN_FILE: '/run/empty',
        },
        { '/run/s': 'x', '/run/empty': '\n' },
      ),
    ).toEqual([
      'INTACCT_SENDER_PASSWORD and INTACCT_SENDER_PASSWORD_FILE are both set: keep one of them',
      'INTACCT_USER_PASSWORD_FILE cannot be read from "/run/missing" (ENOENT)',
      'ADMIN_TOKEN_FILE names an empty file, "/run/empty"',
    ]);
  });

  test('a company id whose file cannot be read is told once', () => {
    expect(problemsWith({ INTACCT_COMPANY_ID: '', INTACCT_COMPANY_ID_FILE: '/x' })).toEqual([
      'INTACCT_COMPANY_ID_FILE cannot be read from "/x" (ENOENT)',
    ]);
  });

  test('never show in problems, however wrong they are', () => {
    const problems = problemsWith({
      REDIS_URL: 'http://u:hunter2@host',
      INTACCT_SENDER_PASSWORD: 'hunter2\n',
      INTACCT_USER_PASSWORD: 'hunter2\u0000',
      ADMIN_TOKEN: 'hunter2 hunter2',
    });
    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toContain('hunter2');
  });

  test('never show in the description of the settings, nor in its JSON', () => {
    const { settings } = load({
      ...VALID_ENV,
      REDIS_URL: 'redis://u:hunter2@host:1/2?password=hunter2',
      ADMIN_TOKEN: 'hunter2hunter2hunter2',
    });
    const texts = [describeSettings(settings), settings].map((value) => JSON.stringify(value));
    for (const text of texts) {
      expect(text).not.toMatch(/hunter2|sender-pass-1|user-pass-2/);
    }
    expect(describeSettings(settings)).toMatchObject({ redis: 'redis://host:1/2', adminToken: 'set' });
  });
});

describe('warnings', () => {
  test('a misspelt variable is named beside the one that is missing for it', () => {
    const env = { ...VALID_ENV, INTACCT_OBJECTS: undefined, INTACCT_OBJECT: 'CUSTOMER' };
    expect(() => load(env)).toThrow('INTACCT_OBJECT is not a setting; did you mean INTACCT_OBJECTS?');
  });

  test('a token that can be guessed', () => {
    expect(load({ ...VALID_ENV, ADMIN_TOKEN: 'short' }).warnings).toEqual([
      'ADMIN_TOKEN is easy to guess: use 16 characters or more',
    ]);
  });
});
