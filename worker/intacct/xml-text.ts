import { GARBLED } from './query.js';

/** What XML 1.0 says about characters: shared by the request, which must never send a bad one, and the response, which must never let one in. */

// Lone surrogates are matched too: with the u flag only unpaired ones are code points of their own.
const ILLEGAL = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

export function hasIllegalCharacter(text: string): boolean {
  return ILLEGAL.test(text);
}

export function garbled(text: string): string {
  return hasIllegalCharacter(text) ? text.replace(EVERY_ILLEGAL, GARBLED) : text;
}

const EVERY_ILLEGAL = new RegExp(ILLEGAL, 'gu');

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);
const REFERENCE = /&(?:([A-Za-z]+)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));|&/g;

/**
 * The five entities of XML and numeric references (`&#039;` and `&#233;` are seen in recorded payloads); nothing else is an
 * entity without a DOCTYPE, and a DOCTYPE is never let in.
 * A reference to a character that XML forbids is GARBLED.
 * @throws {SyntaxError} on any other reference.
 */
export function decodeReferences(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (_all, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) {
      const character = NAMED.get(name);
      if (character === undefined) throw new SyntaxError('unknown entity');
      return character;
    }
    const digits = decimal ?? hex;
    const code = digits === undefined ? Number.NaN : Number.parseInt(digits, decimal === undefined ? 16 : 10);
    if (!(code <= 0x10ffff)) throw new SyntaxError('malformed character reference');
    const character = String.fromCodePoint(code);
    return garbled(character);
  });
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const COMMENT = { open: '<!--', close: '-->', content: () => '' };
const CDATA = {
  open: '<![CDATA[',
  close: ']]>',
  content: (text: string) => text.replace(/[&<>]/g, (character) => ESCAPES[character] ?? character),
};

/**
 * The same document without comments and with CDATA sections as escaped text. A `<!` that is left is a document type or broken:
 * the rest of the text from there on is as it was. One pass, however many sections are left open.
 */
export function withoutCommentsAndCdata(xml: string): string {
  let plain = '';
  let at = 0;
  for (let open = xml.indexOf('<!'); open !== -1; open = xml.indexOf('<!', at)) {
    const section = [COMMENT, CDATA].find((kind) => xml.startsWith(kind.open, open));
    const close = section === undefined ? -1 : xml.indexOf(section.close, open + section.open.length);
    if (section === undefined || close === -1) break;
    plain += xml.slice(at, open) + section.content(xml.slice(open + section.open.length, close));
    at = close + section.close.length;
  }
  return plain + xml.slice(at);
}
