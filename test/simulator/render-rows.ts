import type { SageError } from './problems.js';
import type { Page } from './query.js';
import { escapeXml } from './xml.js';

/** `data` of a query: counts are attributes, absent values empty elements, and an empty page closes itself. */
export function renderPage(page: Page, countOff = 0): string {
  const { object, rows, total, offset } = page;
  const remaining = Math.max(0, total - offset - rows.length);
  const head = `<data listtype="${escapeXml(object)}" totalcount="${total}" offset="${offset}" count="${rows.length + countOff}" numremaining="${remaining}"`;
  if (rows.length === 0) return `${head}/>`;
  const tag = object.toUpperCase();
  const columns = page.columns.map(({ name, read }) => ({ read, open: `<${name}>`, close: `</${name}>` }));
  let text = `${head}>`;
  for (const row of rows) {
    text += `<${tag}>`;
    for (const column of columns) text += column.open + escapeXml(column.read(row) ?? '') + column.close;
    text += `</${tag}>`;
  }
  return `${text}</data>`;
}

/** With returnformat json the whole body is an array of rows: all values text, absent ones empty, and no counts. */
export function renderJson(page: Page): string {
  const columns = page.columns.map(({ name, read }) => ({ read, head: `${JSON.stringify(name)}:` }));
  const rows = page.rows.map(
    (row) => `{${columns.map((column) => column.head + JSON.stringify(column.read(row) ?? '')).join(',')}}`,
  );
  return `[${rows.join(',')}]`;
}

export interface ErrorStyle {
  /** Sage closes `description2` with a support id that differs each time. */
  readonly supportId: () => string;
  readonly additionalInfo: boolean;
}

export function renderErrors(errors: readonly SageError[], style: ErrorStyle): string {
  const rendered = errors.map((error) => {
    const info = style.additionalInfo
      ? `<additionalinfo><error><errorid>${escapeXml(error.errorno || 'UNKNOWN')}</errorid><category>request</category></error></additionalinfo>`
      : '';
    return (
      `<error><errorno>${escapeXml(error.errorno)}</errorno><description>${escapeXml(error.description ?? '')}</description>` +
      `<description2>${escapeXml(error.description2)} [Support ID: ${style.supportId()}]</description2>` +
      `<correction>${escapeXml(error.correction ?? '')}</correction>${info}</error>`
    );
  });
  return `<errormessage>${rendered.join('')}</errormessage>`;
}
