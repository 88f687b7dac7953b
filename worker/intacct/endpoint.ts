import { isIP } from 'node:net';

import { IntacctError } from './errors.js';

const SAGE_DOMAIN = 'intacct.com';

/**
 * Which hosts may see a credential. Every request carries the password of the sender, so a wrong or forged endpoint would give it
 * away: the configured one must be encrypted, and one named by an answer must belong to Sage when the configured one does.
 */
export function configuredEndpoint(text: string): URL {
  const url = parsed(text);
  if (url === undefined) throw refused('The configured endpoint is no URL');
  if (url.username !== '' || url.password !== '')
    throw refused('The configured endpoint holds a user name or password');
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw refused(`The configured endpoint ${url.origin} is not encrypted`);
  }
  url.hash = '';
  return url;
}

/**
 * The endpoint that `getAPISession` answered with. Sage spreads companies over data-centre hosts such as na12.intacct.com, so
 * another host below intacct.com is fine, over https and on its usual port; for any other configured host only that origin is.
 */
export function sessionEndpoint(text: string, configured: URL): URL {
  const url = parsed(text);
  const plain = url !== undefined && url.username === '' && url.password === '';
  if (plain && (url.origin === configured.origin || (isSage(configured) && isSage(url)))) {
    url.hash = '';
    return url;
  }
  // The text of the answer is not repeated: it may be anything.
  throw refused('The endpoint that the session names is not one of Sage, nothing was sent there');
}

/** URL has lower-cased the host, turned it into ASCII and IP addresses into their plain form before it is compared here. */
function isSage(url: URL): boolean {
  const host = url.hostname;
  return url.protocol === 'https:' && url.port === '' && host.endsWith(`.${SAGE_DOMAIN}`) && isIP(host) === 0;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
}

/** Stricter than URL, which forgives blanks, backslashes and missing slashes: a forgiven URL is one that someone reads otherwise. */
function parsed(text: string): URL | undefined {
  if (!/^https?:\/\/[^\s\\/]/i.test(text) || /[\s\\]/.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

function refused(message: string): IntacctError {
  return new IntacctError(message, {
    code: 'ENDPOINT_REFUSED',
    action: 'blockConnection',
    level: 'client',
    advice:
      'Set the endpoint to the https address that Sage gave you, usually https://api.intacct.com/ia/xml/xmlgw.phtml.',
  });
}
