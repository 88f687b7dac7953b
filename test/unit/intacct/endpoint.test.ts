import { describe, expect, test } from '@jest/globals';

import { configuredEndpoint, sessionEndpoint } from '../../../worker/intacct/endpoint.js';

const SAGE = configuredEndpoint('https://api.intacct.com/ia/xml/xmlgw.phtml');
const refused = expect.objectContaining({ code: 'ENDPOINT_REFUSED', action: 'blockConnection' });

describe('the configured endpoint', () => {
  test.each([
    'https://api.intacct.com/ia/xml/xmlgw.phtml',
    'https://proxy.example.org:8443/x',
    'http://localhost:9000/',
    'http://127.0.0.1:80/',
    'http://127.9.9.9/',
    'http://[::1]:9000/',
  ])('may be %s', (text) => {
    expect(configuredEndpoint(text).href).toBe(new URL(text).href);
  });

  test.each([
    'http://api.intacct.com/ia/xml/xmlgw.phtml',
    'http://10.0.0.1/',
    'http://127.0.0.1.evil.io/',
    'http://localhost.evil.io/',
    'ftp://api.intacct.com/',
    'https://user:secret@api.intacct.com/',
    'https:api.intacct.com',
    'https:\\\\api.intacct.com',
    'api.intacct.com',
    '',
  ])('may not be %j', (text) => {
    expect(() => configuredEndpoint(text)).toThrow(refused);
  });
});

describe('the endpoint of a session', () => {
  test.each([
    'https://api.intacct.com/ia/xml/xmlgw.phtml',
    'https://na12.intacct.com/ia/xml/xmlgw.phtml',
    'https://NA12.Intacct.COM/ia/xml/xmlgw.phtml',
    'https://a.b.intacct.com/x',
    'https://eu.intacct.com:443/x',
  ])('is taken when it is Sage: %s', (text) => {
    expect(sessionEndpoint(text, SAGE).href).toBe(new URL(text).href);
  });

  test.each([
    'https://evilintacct.com/ia/xml/xmlgw.phtml',
    'https://intacct.com.evil.io/',
    'https://api.intacct.com.evil.io/',
    'https://intacct.com/',
    'http://na12.intacct.com/ia/xml/xmlgw.phtml',
    'https://na12.intacct.com@evil.io/',
    'https://user@na12.intacct.com/',
    'https://user:secret@na12.intacct.com/',
    'https://evil.io/na12.intacct.com',
    'https://evil.io/?.intacct.com',
    'https://evil.io/#.intacct.com',
    'https://evil.io\\.intacct.com/',
    'https://evil.io%2f.intacct.com/',
    'https://na12.intacct.com:8443/',
    'https://na12.intacct.com./',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://2130706433/',
    'https://na12.xn--ntacct-4ve.com/',
    'https://na12.іntacct.com/',
    'https://na12.intacct.com\t.evil.io/',
    ' https://na12.intacct.com/',
    'https:/na12.intacct.com/',
    '//na12.intacct.com/',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://',
    '',
  ])('is refused when it is not: %j', (text) => {
    expect(() => sessionEndpoint(text, SAGE)).toThrow(refused);
  });

  test('has to be of the same origin when the configured one is not of Sage', () => {
    const local = configuredEndpoint('http://127.0.0.1:9000/x');
    expect(sessionEndpoint('http://127.0.0.1:9000/y', local).pathname).toBe('/y');
    for (const other of [
      'http://127.0.0.1:9001/x',
      'https://127.0.0.1:9000/x',
      'http://localhost:9000/x',
      'https://na12.intacct.com/x',
    ]) {
      expect(() => sessionEndpoint(other, local)).toThrow(refused);
    }
  });

  test('is not repeated in the error, whatever it is', () => {
    expect(() => sessionEndpoint('https://evil.io/?token=abc', SAGE)).not.toThrow(
      expect.objectContaining({ message: expect.stringContaining('evil') }),
    );
  });
});
