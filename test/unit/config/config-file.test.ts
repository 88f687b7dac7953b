import { describe, expect, test } from '@jest/globals';
import { loadFile, problemsOfFile, VALID_FILE } from './sources.js';

/** The valid file with more lines in its one trigger. */
const withTrigger = (lines: string) => `${VALID_FILE}${lines.replace(/^/gm, '        ')}\n`;
const triggerOf = (text: string) => loadFile(text).settings.connections[0]?.triggers[0];
const $ = (inside: string) => `\${${inside}}`;

describe('a file of connections', () => {
  const file = `
connections:
  - name: acme
    senderId: ${$('ACME_SENDER_ID')}
    senderPassword: ${$('ACME_SENDER_PASSWORD')}
    companyId: acme
    userId: triggers_isu
    userPassword: "${$('ACME_USER_PASSWORD:-fallback')}"
    locations: [100-US, "a&b<c>", "x:y"]
    maxConcurrentRequests: 2
    monthlyTransactions: 100000
    timezoneOffset: "-08:30"
    triggers:
      - object: CUSTOMER
        on: [updated]
        key: CUSTOMERID
        createdField: none
        fields: [NAME]
        ignoreFields: [TOTALDUE]
        where: { STATUS: active, TERM.NAME: [N30, N60] }
        every: 10m
        startFrom: 2026-11-01T00:00:00+01:00
        queues: [crm, billing]
  - name: other
    senderId: s
    senderPassword: 00123
    companyId: 0456
    userId: u
    userPassword: p
    triggers: [{ object: vendor }]
`;
  const injection = `p: "} # ${$('HOME')}, [&x *y]`;
  const { settings, warnings } = loadFile(file, {
    ACME_SENDER_ID: 'sender',
    ACME_SENDER_PASSWORD: injection,
    POLL_EVERY: '2m',
    START_FROM: '3h',
    EVENTS_QUEUE: 'all-events',
  });
  const [acme, other] = settings.connections;

  test('says what the environment cannot', () => {
    expect(warnings).toEqual([]);
    expect(acme).toMatchObject({
      senderId: 'sender',
      locations: ['100-US', 'a&b<c>', 'x:y'],
      maxConcurrentRequests: 2,
      monthlyTransactions: 100_000,
      timezoneOffsetMinutes: -510,
    });
    expect(acme?.triggers).toEqual([
      {
        object: 'CUSTOMER',
        on: ['updated'],
        keyField: 'CUSTOMERID',
        modifiedField: 'WHENMODIFIED',
        createdField: null,
        fields: ['CUSTOMERID', 'WHENMODIFIED', 'NAME'],
        ignoreFields: ['TOTALDUE'],
        where: { STATUS: 'active', 'TERM.NAME': ['N30', 'N60'] },
        everyMs: 600_000,
        startFrom: { atMs: Date.UTC(2026, 9, 31, 23) },
        queues: ['crm', 'billing'],
      },
    ]);
  });

  test('takes interval, start and queue from the environment where it is silent', () => {
    expect(other?.triggers[0]).toMatchObject({
      everyMs: 120_000,
      startFrom: { agoMs: 10_800_000 },
      queues: ['all-events'],
    });
  });

  test('a variable that looks like YAML or like another variable is filled in as it is', () => {
    expect(acme?.senderPassword.reveal()).toBe(injection);
    expect(acme?.userPassword.reveal()).toBe('fallback');
  });

  test('ids and passwords of digits keep their zeros', () => {
    expect(other?.companyId).toBe('0456');
    expect(other?.senderPassword.reveal()).toBe('00123');
  });
});

test('numbers and booleans in a filter are the text that was written', () => {
  expect(
    triggerOf(withTrigger('where: { A: 1.10, B: true, C: 00123, D: 12345678901234567890, E: [1e5, null2] }'))?.where,
  ).toEqual({
    A: '1.10',
    B: 'true',
    C: '00123',
    D: '12345678901234567890',
    E: ['1e5', 'null2'],
  });
});

test('a custom object keeps its case when its fields are given', () => {
  const text = VALID_FILE.replace('object: CUSTOMER', 'object: myObject, key: id, modifiedField: updatedAt').replace(
    /- (object: .*)/,
    '- { $1 }',
  );
  expect(triggerOf(text)).toMatchObject({
    object: 'myObject',
    keyField: 'id',
    modifiedField: 'updatedAt',
    createdField: null,
  });
});

test('anchors and merge keys spare repetition', () => {
  const { settings } = loadFile(
    `
connections:
  - &first
    name: one
    senderId: s
    senderPassword: p
    companyId: one
    userId: u
    userPassword: p
    triggers: [CUSTOMER]
  - <<: *first
    name: two
`.replace('[CUSTOMER]', '[{ object: CUSTOMER }]'),
  );
  expect(settings.connections.map(({ name, companyId }) => [name, companyId])).toEqual([
    ['one', 'one'],
    ['two', 'one'],
  ]);
});

test('null and nothing mean the default', () => {
  expect(triggerOf(withTrigger('every: ~\nqueues:\nfields: null'))).toMatchObject({
    everyMs: 300_000,
    queues: ['intacct-events'],
    fields: 'all',
  });
});

describe('what is refused', () => {
  test('everything at once, each with its place and line', () => {
    expect(
      problemsOfFile(
        `
connections:
  - name: acme
    senderId: s
    senderPassword: ${$('NOWHERE')}
    companyId: acme
    userId: u
    userPassword: p
    timezoneOffset: 8
    triger: []
    triggers:
      - object: INVOCIE
        every: five
      - object: CUSTOMER
        ignoreFields: [RECORDNO]
      - object: Customer
        on: []
      - CUSTOMER
  - name: acme
    endpoint: http://evil.example
`,
        { SETTLE: 'x' },
      ),
    ).toEqual([
      'SETTLE expects a duration like 30s or 5m, got "x"',
      'connections[0].senderPassword (line 5) needs the environment variable NOWHERE, which is missing',
      'connections[0].timezoneOffset (line 9) expects an offset from UTC like +00:00 or -08:00, got "8"',
      'connections[0].triger (line 10) is not a setting; did you mean triggers?',
      'connections[0].triggers[0].object (line 12): "INVOCIE" is not a known object; did you mean ARINVOICE? (set key and modifiedField to watch it anyway)',
      'connections[0].triggers[0].every (line 13) expects a duration like 30s or 5m, got "five"',
      'connections[0].triggers[1].ignoreFields (line 15): RECORDNO tells versions apart and cannot be ignored',
      'connections[0].triggers[2].object (line 16): "Customer" is watched twice',
      'connections[0].triggers[2].on (line 17) expects created, updated or both, got an empty list',
      'connections[0].triggers[3] (line 18) expects a trigger, got "CUSTOMER"',
      ...['senderId', 'senderPassword', 'companyId', 'userId', 'userPassword', 'triggers'].map(
        (key) => `connections[1].${key} (line 19) is missing`,
      ),
      'connections[1].name (line 19): "acme" is the name of another connection',
      'connections[1].endpoint (line 20) expects an https URL (http is accepted for loopback hosts only), got "http://evil.example"',
    ]);
  });

  test.each([
    ['fields: []', '.fields (line 11) expects names of fields, got an empty list'],
    ['fields: [A, "<x>"]', '.fields (line 11) expects the name of a field like WHENMODIFIED, got "<x>"'],
    [
      'ignoreFields: [WHENMODIFIED]',
      '.ignoreFields (line 11): WHENMODIFIED tells versions apart and cannot be ignored',
    ],
    ['on: [created, created]', '.on (line 11): "created" is listed twice'],
    [
      'queues: [intacct-rejected]',
      '.queues (line 11) expects a queue other than intacct-rejected and intacct-polls, which the worker keeps for itself, got "intacct-rejected"',
    ],
    ['queues: [a, a]', '.queues (line 11): "a" is listed twice'],
    ['where: [STATUS]', '.where (line 11) expects fields with a value or a list of values each, got a list'],
    ['where: { STATUS: [] }', '.where (line 11): STATUS expects 1 to 1000 values, got 0'],
    ['where: { STATUS: { is: x } }', '.where (line 11) expects a text, got a mapping'],
    ['every: [5m]', '.every (line 11) expects a text, got a list'],
  ])('a trigger with %s', (line, problem) => {
    expect(problemsOfFile(withTrigger(line))).toEqual([`connections[0].triggers[0]${problem}`]);
  });

  test.each([
    ['', 'CONFIG_FILE "worker.yaml": expects a mapping with connections, got nothing'],
    ['- a', 'CONFIG_FILE "worker.yaml": expects a mapping with connections, got a list'],
    ['connections: []', 'connections (line 1) expects at least one connection, got an empty list'],
    ['connections: {}', 'connections (line 1) expects a list of connections, got a mapping'],
    ['a: 1\nb: [', expect.stringMatching(/^CONFIG_FILE "worker.yaml": line [23]: /)],
    ['connections: 1\nconnections: 2', 'CONFIG_FILE "worker.yaml": line 2: Map keys must be unique'],
  ])('the file %j', (text, problem) => {
    expect(problemsOfFile(text)).toEqual([problem]);
  });

  test('a setting of the worker in the file of connections', () => {
    expect(problemsOfFile(`${VALID_FILE}\nredisUrl: redis://x`)).toEqual([
      'redisUrl is not a setting of CONFIG_FILE, which holds connections only',
    ]);
  });

  test('a file that is not there, together with the rest', () => {
    expect(problemsOfFile('', { CONFIG_FILE: 'nowhere.yaml', POLL_EVERY: '0s' })).toEqual([
      'CONFIG_FILE "nowhere.yaml": cannot be read (ENOENT)',
      'POLL_EVERY expects a duration of at least 1s, got "0s"',
    ]);
  });

  test.each([$('not closed').slice(0, -1), $('1X'), $('A:=b')])('the reference %s', (reference) => {
    expect(problemsOfFile(VALID_FILE.replace('senderId: sender', `senderId: '${reference}'`))).toEqual([
      `connections[0].senderId (line 4) expects ${$('NAME')} or ${$('NAME:-default')} (write $${$('').slice(0, 2)} for a plain "${$('').slice(0, 2)}")`,
    ]);
  });
});

describe('secrets of a file', () => {
  test('a variable may come from a file of its own', () => {
    const text = VALID_FILE.replace('user-pass-2', $('ACME_PASSWORD'));
    const { settings } = loadFile(text, { ACME_PASSWORD: 'x' });
    expect(settings.connections[0]?.userPassword.reveal()).toBe('x');
    expect(problemsOfFile(text, { ACME_PASSWORD_FILE: '/run/none' })).toEqual([
      'ACME_PASSWORD_FILE cannot be read from "/run/none" (ENOENT)',
    ]);
  });

  test('a variable filled into the wrong setting is shown by its name only', () => {
    const problems = problemsOfFile(withTrigger(`every: ${$('TOKEN')}\nqueues: "${$('TOKEN')},b"`), {
      TOKEN: 'hunter2:',
    });
    expect(problems).toEqual([
      `connections[0].triggers[0].every (line 11) expects a duration like 30s or 5m, got the value of "${$('TOKEN')}"`,
      `connections[0].triggers[0].queues (line 12) expects a queue name of letters, digits, ".", "_", "/" or "-", got the value of "${$('TOKEN')},b"`,
    ]);
  });

  test.each(['*hunter2', '!hunter2', '"a" hunter2', '{ hunter2', '@hunter2', 'x: hunter2: y', '&hunter2'])(
    'a password that breaks the YAML (%s) is not quoted in the problem',
    (value) => {
      const problems = problemsOfFile(VALID_FILE.replace('user-pass-2', value));
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.join()).not.toContain('hunter2');
    },
  );

  test('a doubled dollar is a plain one', () => {
    const { settings } = loadFile(VALID_FILE.replace('user-pass-2', () => `a$${$('b')}`));
    expect(settings.connections[0]?.userPassword.reveal()).toBe(`a${$('b')}`);
  });

  test('a variable that is set but blank counts as missing, or as its default', () => {
    expect(problemsOfFile(VALID_FILE.replace('user-pass-2', $('BLANK')), { BLANK: ' ' })).toEqual([
      'connections[0].userPassword (line 8) needs the environment variable BLANK, which is missing',
    ]);
    const { settings } = loadFile(VALID_FILE.replace('user-pass-2', $('BLANK:-x')), { BLANK: '' });
    expect(settings.connections[0]?.userPassword.reveal()).toBe('x');
  });
});

test('variables of the one connection have no effect beside a file, unless it uses them', () => {
  const { warnings } = loadFile(VALID_FILE.replace('senderId: sender', `senderId: ${$('INTACCT_SENDER_ID')}`), {
    INTACCT_SENDER_ID: 'used',
    INTACCT_USER_ID: 'not used',
    INTACCT_ENDPOINT: 'https://api.intacct.com/ia/xml/xmlgw.phtml',
  });
  expect(warnings).toEqual(['INTACCT_USER_ID has no effect beside CONFIG_FILE']);
});
