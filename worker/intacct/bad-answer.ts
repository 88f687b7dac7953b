import { IntacctError } from './errors.js';

/**
 * An answer that cannot be trusted. Each is gateway trouble until shown otherwise: nothing of the page is used and the same
 * request is sent again.
 */
export type BadAnswer =
  | 'EMPTY_BODY'
  | 'CUT_BODY'
  | 'NOT_INTACCT'
  | 'INVALID_XML'
  | 'INVALID_ENCODING'
  | 'DOCTYPE_REFUSED'
  | 'BODY_TOO_LARGE'
  | 'COUNT_MISMATCH'
  | 'UNEXPECTED_ANSWER';

const SENTENCES: Readonly<Record<BadAnswer, string>> = {
  EMPTY_BODY: 'The answer of Intacct is empty',
  CUT_BODY: 'The answer of Intacct was cut short',
  NOT_INTACCT: 'The answer is a page of something in front of Intacct, not of Intacct',
  INVALID_XML: 'The answer of Intacct is not valid XML',
  INVALID_ENCODING: 'The answer of Intacct is not UTF-8',
  DOCTYPE_REFUSED: 'The answer declares a document type, which Intacct never does',
  BODY_TOO_LARGE: 'The answer of Intacct is larger than allowed',
  COUNT_MISMATCH: 'The answer of Intacct holds another number of rows than it says',
  UNEXPECTED_ANSWER: 'The answer of Intacct does not belong to the request',
};

/** A smaller page has a better chance where size or duration may be the cause. */
const SMALLER_PAGE: ReadonlySet<BadAnswer> = new Set<BadAnswer>(['CUT_BODY', 'BODY_TOO_LARGE', 'COUNT_MISMATCH']);

export function badAnswer(code: BadAnswer, detail?: string): IntacctError {
  return new IntacctError(detail === undefined ? SENTENCES[code] : `${SENTENCES[code]}: ${detail}`, {
    code,
    action: 'retry',
    level: 'http',
    smallerPage: SMALLER_PAGE.has(code),
    advice:
      'Nothing to do if it passes; if it stays, look for a proxy or firewall between the worker and Intacct, then ask Sage support.',
  });
}
