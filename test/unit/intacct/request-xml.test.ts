import { describe, expect, test } from '@jest/globals';

import { Secret } from '../../../shared/secret.js';
import type { Filter, Query } from '../../../worker/intacct/query.js';
import { buildRequest, type RequestEnvelope } from '../../../worker/intacct/request-xml.js';

const login: RequestEnvelope = {
  sender: { senderId: 'acme', senderPassword: new Secret('sender secret') },
  controlId: 'request-1',
  authentication: {
    login: { userId: 'bot', companyId: 'ACME', userPassword: new Secret('user secret'), locationId: null },
  },
  functions: [{ controlId: 'f1', call: { name: 'getAPISession' } }],
  zoneOffsetMinutes: 0,
};

const query: Query = { object: 'APBILL', select: ['RECORDNO', 'VENDOR.NAME'], pageSize: 2_000 };

function withQuery(change: Partial<Query>, zoneOffsetMinutes = 0): string {
  const call = { name: 'query', query: { ...query, ...change } } as const;
  return buildRequest({ ...login, zoneOffsetMinutes, functions: [{ controlId: 'f1', call }] });
}

function filterOf(filter: Filter, zoneOffsetMinutes = 0): string {
  return /<filter>(.*)<\/filter>/.exec(withQuery({ filter }, zoneOffsetMinutes))?.[1] ?? '';
}

describe('the envelope', () => {
  test('has the elements in the order of the schema', () => {
    expect(buildRequest(login)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><request>' +
        '<control><senderid>acme</senderid><password>sender secret</password><controlid>request-1</controlid><uniqueid>false</uniqueid>' +
        '<dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace><showadditionalerrorinfo>true</showadditionalerrorinfo></control>' +
        '<operation><authentication><login><userid>bot</userid><companyid>ACME</companyid><password>user secret</password></login></authentication>' +
        '<content><function controlid="f1"><getAPISession/></function></content></operation></request>',
    );
  });

  test('carries a password of p&w<1>"\' and a location of a&b<c> unharmed', () => {
    const xml = buildRequest({
      ...login,
      authentication: {
        login: { userId: 'bot', companyId: 'ACME', userPassword: new Secret('p&w<1>"\''), locationId: 'a&b<c>' },
      },
    });
    expect(xml).toContain(
      '<password>p&amp;w&lt;1&gt;&quot;&apos;</password><locationid>a&amp;b&lt;c&gt;</locationid></login>',
    );
  });

  test('escapes control ids, which stand in attributes', () => {
    const xml = buildRequest({ ...login, functions: [{ controlId: 'a"b<c>&', call: { name: 'getAPISession' } }] });
    expect(xml).toContain('<function controlid="a&quot;b&lt;c&gt;&amp;">');
  });

  test('opens an entity from a session, and goes back to the top level', () => {
    const of = (locationId: string | null) =>
      buildRequest({
        ...login,
        authentication: { sessionId: new Secret('abc..') },
        functions: [{ controlId: 'f1', call: { name: 'getAPISession', locationId } }],
      });
    expect(of('100-US')).toContain('<authentication><sessionid>abc..</sessionid></authentication>');
    expect(of('100-US')).toContain('<getAPISession><locationid>100-US</locationid></getAPISession>');
    expect(of(null)).toContain('<getAPISession><locationid/></getAPISession>');
  });

  test.each(['nul\u0000', 'esc\u001b[31m', 'lone\ud800', '\ufffe'])(
    'refuses a value that XML cannot carry: %j',
    (text) => {
      const build = () => buildRequest({ ...login, sender: { senderId: 'acme', senderPassword: new Secret(text) } });
      expect(build).toThrow(expect.objectContaining({ code: 'VALUE_NOT_XML', action: 'bug' }));
      expect(build).not.toThrow(expect.objectContaining({ message: expect.stringContaining(text) }));
    },
  );
});

describe('a query', () => {
  test('has the elements in the order that Sage documents', () => {
    const xml = withQuery({
      filter: { field: 'STATE', is: '=', value: 'Posted' },
      orderBy: ['WHENMODIFIED', 'RECORDNO'],
      showPrivate: true,
    });
    expect(xml).toContain(
      '<query><object>APBILL</object><select><field>RECORDNO</field><field>VENDOR.NAME</field></select>' +
        '<filter><equalto><field>STATE</field><value>Posted</value></equalto></filter>' +
        '<orderby><order><field>WHENMODIFIED</field><ascending/></order><order><field>RECORDNO</field><ascending/></order></orderby>' +
        '<options><showprivate>true</showprivate></options>' +
        '<pagesize>2000</pagesize><offset>0</offset></query>',
    );
  });

  test('leaves out what was not asked for', () => {
    expect(withQuery({})).toContain('</select><pagesize>2000</pagesize><offset>0</offset></query>');
  });

  test('keeps the order of mixed conditions, which share one parent', () => {
    const filter: Filter = {
      or: [
        { field: 'A', is: '>', value: { atMs: Date.parse('2026-07-24T10:00:00Z') } },
        {
          and: [
            { field: 'A', isNull: true },
            { field: 'B', is: '<=', value: '5' },
          ],
        },
        { field: 'C', in: ['1', '<2>'] },
        { field: 'D', isNull: false },
        { field: 'E', is: '!=', value: '' },
      ],
    };
    expect(filterOf(filter, 120)).toBe(
      '<or><greaterthan><field>A</field><value>07/24/2026 12:00:00</value></greaterthan>' +
        '<and><isnull><field>A</field></isnull><lessthanorequalto><field>B</field><value>5</value></lessthanorequalto></and>' +
        '<in><field>C</field><value>1</value><value>&lt;2&gt;</value></in><isnotnull><field>D</field></isnotnull>' +
        '<notequalto><field>E</field><value/></notequalto></or>',
    );
  });

  const leaf: Filter = { field: 'A', is: '<', value: '1' };
  test.each<[string, Partial<Query>]>([
    ['an operator with one child', { filter: { and: [leaf] } }],
    ['an operator without children, nested', { filter: { or: [leaf, { and: [] }] } }],
    ['an empty list of values', { filter: { field: 'A', in: [] } }],
    ['1,001 values', { filter: { field: 'A', in: Array.from({ length: 1_001 }, String) } }],
    ['no field', { select: [] }],
    ['a page of 0', { pageSize: 0 }],
    ['a page of 2,001', { pageSize: 2_001 }],
  ])('with %s is a mistake of the program', (_what, change) => {
    expect(() => withQuery(change)).toThrow(TypeError);
  });
});
