import { describe, expect, test } from '@jest/globals';

import { IntacctError } from '../../../worker/intacct/errors.js';
import { GARBLED } from '../../../worker/intacct/query.js';
import { parseResponse } from '../../../worker/intacct/response-xml.js';
import { definitionIn, pageIn, sessionIn } from '../../../worker/intacct/results.js';
import {
  authenticationElement,
  controlElement,
  controlFailure,
  dataElement,
  document,
  errorMessage,
  operation,
  page,
  resultElement,
  STAMP,
  sessionResult,
  signInFailure,
} from './payloads.js';

const refusal = (code: string) =>
  expect.objectContaining({ name: 'IntacctError', code, action: 'retry', level: 'http' });

function rowsOf(body: string) {
  const [result] = parseResponse(body).results;
  if (result === undefined) throw new Error('no result');
  return pageIn(result).rows;
}

/** The same page in a shape that the fast path gives up on: the general parser must agree with it. */
const shapes: readonly [string, (rows: readonly string[]) => string][] = [
  ['flat rows', (rows) => page(rows)],
  ['rows with attributes', (rows) => page(rows).replaceAll('<VENDOR>', '<VENDOR a="1">')],
];

describe.each(shapes)('a page of %s', (_shape, pageOf) => {
  test.each([0, 1, 2])('of %i rows is a list', (count) => {
    const rows = rowsOf(pageOf(Array.from({ length: count }, (_, index) => `<RECORDNO>${index}</RECORDNO>`)));
    expect(rows.map((row) => row['RECORDNO'])).toEqual(Array.from({ length: count }, (_, index) => String(index)));
  });

  test('keeps text as text: keys, money, blanks', () => {
    const [row] = rowsOf(
      pageOf([
        '<A>00123</A><B>12345678901234567890</B><C>1.10</C><D>1e5</D><E>0x1F</E><F>true</F><G>  x  </G><VENDOR.NAME>n</VENDOR.NAME>',
      ]),
    );
    expect({ ...row }).toEqual({
      A: '00123',
      B: '12345678901234567890',
      C: '1.10',
      D: '1e5',
      E: '0x1F',
      F: 'true',
      G: '  x  ',
      'VENDOR.NAME': 'n',
    });
  });

  test('takes empty and absent for null', () => {
    expect({ ...rowsOf(pageOf(['<A></A><B/>']))[0] }).toEqual({ A: null, B: null });
  });

  test('gives each row the fields it came with, whatever those of its neighbours', () => {
    const fields = ['<A>1</A><B>2</B>', '<A>3</A><B/>', '<B>4</B><A>5</A>', '<A>6</A>', '<A>7</A><B>8</B><C>9</C>', ''];
    expect(rowsOf(pageOf([...fields, '<A>x</A><A>y</A>'])).map((row) => Object.entries(row))).toEqual([
      Object.entries({ A: '1', B: '2' }),
      Object.entries({ A: '3', B: null }),
      Object.entries({ B: '4', A: '5' }),
      Object.entries({ A: '6' }),
      Object.entries({ A: '7', B: '8', C: '9' }),
      [],
      Object.entries({ A: 'y' }),
    ]);
  });

  test('decodes the five entities, numbers and CDATA, each once', () => {
    const [row] = rowsOf(
      pageOf([
        '<A>&amp;lt; &lt;&gt;&quot;&apos;</A><B>caf&#233; &#x1F600; &#039;</B><C><![CDATA[<b> & &amp; ]]>x</C><D>a<!-- not <D> -->b</D>',
      ]),
    );
    expect({ ...row }).toEqual({ A: '&lt; <>"\'', B: "café 😀 '", C: '<b> & &amp; x', D: 'ab' });
  });

  test('turns line ends into one form, as XML says', () => {
    expect(rowsOf(pageOf(['<A>one\r\ntwo\rthree</A>']))[0]?.['A']).toBe('one\ntwo\nthree');
  });

  test('is safe from fields named like parts of every object', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype', 'valueOf'];
    const [row] = rowsOf(pageOf([names.map((name) => `<${name}>x</${name}>`).join('')]));
    expect(Object.getPrototypeOf(row)).toBeNull();
    expect(Object.keys(row ?? {})).toEqual(names);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('is refused when the count is not the number of rows', () => {
    const body = pageOf(['<A>1</A>', '<A>2</A>']).replace(' count="2"', ' count="3"');
    expect(() => rowsOf(body)).toThrow(expect.objectContaining({ code: 'COUNT_MISMATCH', smallerPage: true }));
  });

  test.each(['&eacute;', '&unknown;', '&', '&#x110000;'])('is refused with the reference %s', (reference) => {
    expect(() => rowsOf(pageOf([`<A>${reference}</A>`]))).toThrow(refusal('INVALID_XML'));
  });

  test.each([
    ['NUL', '\u0000'],
    ['an ANSI sequence', '\u001b[31m'],
    ['a lone surrogate', '\ud800'],
    ['a reference to NUL', '&#0;'],
    ['a reference to escape', '&#27;'],
    ['a reference to a surrogate', '&#xD800;'],
  ])('loses a row, and no other, to a character that XML forbids: %s', (_what, text) => {
    const [spoilt, sound] = rowsOf(pageOf([`<A>1${text}</A>`, '<A>2</A>']));
    expect(spoilt?.['A']).toContain(GARBLED);
    expect(sound?.['A']).toBe('2');
  });

  test('reads a row whose text speaks of documents and data elements', () => {
    expect(rowsOf(pageOf(['<A><![CDATA[<!DOCTYPE html></data></response>]]></A>']))[0]?.['A']).toBe(
      '<!DOCTYPE html></data></response>',
    );
  });
});

describe('a body that cannot be trusted', () => {
  const valid = operation(
    resultElement(dataElement(['<NAME>caf\u00e9 &amp; co</NAME><X/><Y><![CDATA[<y>]]></Y>', '<NAME>2</NAME>']), 'f1') +
      resultElement(errorMessage({ errorno: 'PL04000005', description2: 'no [Support ID: a]' }), 'f2', 'failure') +
      resultElement(dataElement([]), 'f3'),
  );

  test('is refused when it was cut at any byte, as one kind of error', () => {
    const bytes = Buffer.from(valid);
    expect(parseResponse(valid).results).toHaveLength(3);
    for (let length = 0; length < bytes.length; length++) {
      // A character cut in two never gets here: the transport refuses it. U+FFFD stands for it.
      const cut = bytes.subarray(0, length).toString('utf8');
      expect(() => parseResponse(cut)).toThrow(IntacctError);
    }
  });

  test('asks for a smaller page when it was cut', () => {
    for (const length of [1, 10, 60, 200, valid.length - 1]) {
      expect(() => parseResponse(valid.slice(0, length))).toThrow(
        expect.objectContaining({ code: 'CUT_BODY', smallerPage: true }),
      );
    }
  });

  test.each<[string, string, string]>([
    ['nothing', '', 'EMPTY_BODY'],
    ['blanks', ' \r\n\t ', 'EMPTY_BODY'],
    ['a byte order mark', '\uFEFF', 'EMPTY_BODY'],
    ['an HTML page', '<html><body>Attention required!</body></html>', 'NOT_INTACCT'],
    ['an HTML page with a document type', '<!DOCTYPE html><html lang="en"></html>', 'NOT_INTACCT'],
    ['plain text', 'upstream connect error', 'NOT_INTACCT'],
    ['JSON', '[{"A":"1"}]', 'NOT_INTACCT'],
    ['another root', '<?xml version="1.0"?><responses></responses>', 'NOT_INTACCT'],
    ['two roots', valid + valid.slice(valid.indexOf('<response>')), 'INVALID_XML'],
    ['an empty second root', `${valid}<response/>`, 'CUT_BODY'],
    ['a second root without content', valid.replace('<response>', '<response/><response>'), 'INVALID_XML'],
    ['text behind its end', `${valid}x`, 'CUT_BODY'],
    ['an element behind its end', `${valid}<a/>`, 'CUT_BODY'],
    ['bad nesting', valid.replace('</dtdversion></control>', '</control></dtdversion>'), 'INVALID_XML'],
    ['bad nesting in a row', valid.replace('<NAME>2</NAME>', '<NAME><B>2</NAME></B>'), 'INVALID_XML'],
    ['a row that is not closed', valid.replace('<NAME>2</NAME>', '<NAME>2'), 'INVALID_XML'],
    ['an unclosed comment', valid.replace('<X/>', '<!-- '), 'INVALID_XML'],
    ['a processing instruction', valid.replace('<X/>', '<?php ?>'), 'INVALID_XML'],
    [
      'an element in a field',
      valid.replace('<X/>', '<X><Y>1</Y></X>').replace('<Y><![CDATA[<y>]]></Y>', ''),
      'UNEXPECTED_ANSWER',
    ],
    ['no control', document('<operation/>'), 'UNEXPECTED_ANSWER'],
    ['nothing in its root', document(''), 'UNEXPECTED_ANSWER'],
  ])('is refused when it is %s', (_what, body, code) => {
    expect(() => parseResponse(body).results.map((result) => result.status === 'success' && pageIn(result))).toThrow(
      refusal(code),
    );
  });

  test.each<[string, string]>([
    ['nested entities', '<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;">]>'],
    ['an external entity', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'],
    ['a quadratic blow-up', `<!DOCTYPE a [<!ENTITY b "${'x'.repeat(50_000)}">]>`],
    ['lower case', '<!doctype a>'],
  ])('is refused for its document type: %s', (_what, doctype) => {
    expect(() => parseResponse(valid.replace('<response>', `${doctype}<response>`))).toThrow(
      refusal('DOCTYPE_REFUSED'),
    );
    expect(() => parseResponse(valid.replace('<X/>', `${doctype}<X/>`))).toThrow(refusal('DOCTYPE_REFUSED'));
    expect(() => parseResponse(doctype + valid.slice(valid.indexOf('<response>')))).toThrow(refusal('DOCTYPE_REFUSED'));
  });

  test('is refused when it nests deeper than Intacct does', () => {
    const deep = `${'<a>'.repeat(200)}${'</a>'.repeat(200)}`;
    expect(() => parseResponse(operation(resultElement(`<data>${deep}</data>`)))).toThrow(refusal('INVALID_XML'));
  });

  test('never quotes a row in its error', () => {
    const body = valid.replace('<NAME>2</NAME>', '<NAME>IBAN DE00 1234<NAME>');
    expect(() => parseResponse(body)).not.toThrow(
      expect.objectContaining({ message: expect.stringContaining('IBAN') }),
    );
  });
});

describe('the envelope', () => {
  test('tells the level of a failure', () => {
    const control = parseResponse(controlFailure({ errorno: 'XL03000003', description: 'XML Parse schema error' }));
    expect(control).toMatchObject({ controlSucceeded: false, controlErrors: [{ errorno: 'XL03000003' }], results: [] });
    const signIn = parseResponse(
      signInFailure({ errorno: 'XL03000006', description2: 'Sign-in information is incorrect' }),
    );
    expect(signIn).toMatchObject({
      controlSucceeded: true,
      authentication: { succeeded: false },
      operationErrors: [{ errorno: 'XL03000006' }],
    });
  });

  test('keeps each function to itself, and tolerates data beside a failure and a missing authentication', () => {
    const body = operation(
      resultElement(dataElement(['<A>1</A>']), 'f1') +
        resultElement(`<data/>${errorMessage({ errorno: 'PL04000005' })}`, 'f2', 'failure') +
        resultElement('', 'f3', 'aborted'),
      '',
    );
    const response = parseResponse(body);
    expect(response.authentication).toBeUndefined();
    expect(response.results.map(({ status, controlId, errors }) => [status, controlId, errors.length])).toEqual([
      ['success', 'f1', 0],
      ['failure', 'f2', 1],
      ['aborted', 'f3', 0],
    ]);
  });

  test('reads one error or many, with parts missing, and takes the support id aside', () => {
    const body = controlFailure(
      { description2: 'Broken. [Support ID: abc%7EXyz]' },
      {
        errorno: '',
        description: 'prose',
        more: '<additionalinfo><errorid>X.1</errorid><category>AUTH</category></additionalinfo>',
      },
      { more: '<additionalinfo errorid="X.2" category="GATEWAY"/>' },
    );
    expect(parseResponse(body).controlErrors).toEqual([
      {
        errorno: null,
        description: null,
        description2: 'Broken.',
        correction: null,
        supportId: 'abc%7EXyz',
        errorId: null,
        category: null,
      },
      {
        errorno: null,
        description: 'prose',
        description2: null,
        correction: null,
        supportId: null,
        errorId: 'X.1',
        category: 'AUTH',
      },
      {
        errorno: null,
        description: null,
        description2: null,
        correction: null,
        supportId: null,
        errorId: 'X.2',
        category: 'GATEWAY',
      },
    ]);
  });

  test('reads the stamps of the session, and lives without them', () => {
    const full = operation(
      '',
      authenticationElement('success', '<sessiontimeout>2026-07-25T02:45:12+00:00</sessiontimeout>'),
    );
    expect(parseResponse(full).authentication).toMatchObject({
      sessionTimestamp: STAMP,
      sessionTimeout: '2026-07-25T02:45:12+00:00',
      locationId: null,
    });
    expect(
      parseResponse(operation('', '<authentication><status>success</status></authentication>')).authentication,
    ).toMatchObject({
      sessionTimestamp: null,
      sessionTimeout: null,
    });
  });

  test('reads the session of a sign-in', () => {
    const [result] = parseResponse(operation(sessionResult('f1', 'abc..', 'https://na12.intacct.com/x'))).results;
    const session = result && sessionIn(result);
    expect(session?.sessionId.reveal()).toBe('abc..');
    expect(JSON.stringify(session)).not.toContain('abc');
  });

  test.each<[string, number]>([
    [
      '<Fields><Field><ID>A</ID><DATATYPE>TEXT</DATATYPE></Field><Field><ID>B</ID><VALIDVALUES><VALIDVALUE>x</VALIDVALUE></VALIDVALUES></Field></Fields>',
      2,
    ],
    ['<Fields><Field><ID>A</ID><DATATYPE>TEXT</DATATYPE></Field></Fields><Relationships/>', 1],
    ['<Fields/>', 0],
    ['', 0],
  ])('reads a definition with lists of any length: %#', (inner, count) => {
    const data = `<data listtype="All" count="1"><Type Name="VENDOR">${inner}</Type></data>`;
    const [result] = parseResponse(operation(resultElement(data, 'f1', 'success', 'lookup'))).results;
    expect(result && definitionIn(result, 'VENDOR').fields).toHaveLength(count);
  });

  test('has no page where there is no data', () => {
    const [result] = parseResponse(document(`${controlElement()}<operation>${resultElement('')}</operation>`)).results;
    expect(() => result && pageIn(result)).toThrow(refusal('UNEXPECTED_ANSWER'));
  });
});
