import type { EventRecord, TriggerEvent } from '../../shared/index.js';

const GREEN = 32;
const YELLOW = 33;
const RED = 31;
const BOLD = 1;
const DIM = 2;

const NARROWEST = 72;
const WIDEST = 110;
const WITHOUT_TERMINAL = 80;
/** Everything but the column that takes what is left. */
const FIXED = 8 + 7 + 9 + 4 + 6 + 6 + 6 * 2;

export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What the person in front of it sees: plain lines, aligned, coloured where that is welcome. */
export class Screen {
  readonly #output: Output;
  readonly #colours: boolean;

  constructor(output: Output, env: Readonly<Record<string, string | undefined>>) {
    this.#output = output;
    this.#colours = output.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  }

  line(text = ''): void {
    this.#output.write(`${text}\n`);
  }

  title(text: string): void {
    this.line(this.#paint(BOLD, text));
  }

  trouble(text: string): void {
    this.line(this.#paint(RED, text));
  }

  columnTitles(): void {
    const titles = this.#row('time', 'what', 'object', 'key', 'record', 'entity', 'delay', (text) => text);
    this.line(this.#paint(DIM, titles));
  }

  event({ data }: TriggerEvent, atMs: number, delayMs: number): void {
    const time = clockTime(atMs);
    const delay = `${(delayMs / 1000).toFixed(1)} s`;
    const record = describeRecord(data.record, this.#flexible());
    const entity = data.location ?? 'shared';
    const colour = data.op === 'created' ? GREEN : YELLOW;
    this.line(
      this.#row(time, data.op, data.object, data.key, record, entity, delay, (text) => this.#paint(colour, text)),
    );
  }

  summary(text: string): void {
    const width = this.#width();
    this.line(this.#paint(DIM, `-- ${text} `.padEnd(width, '-')));
  }

  #row(
    time: string,
    what: string,
    object: string,
    key: string,
    record: string,
    entity: string,
    delay: string,
    paintWhat: (text: string) => string,
  ): string {
    return [
      pad(time, 8),
      paintWhat(pad(what, 7)),
      pad(object, 9),
      key.padStart(4),
      pad(record, this.#flexible()),
      pad(entity, 6),
      delay.padStart(6),
    ].join('  ');
  }

  #flexible(): number {
    return this.#width() - FIXED;
  }

  /** One less than the terminal has: a full line would wrap on some. */
  #width(): number {
    return Math.min(WIDEST, Math.max(NARROWEST, (this.#output.columns ?? WITHOUT_TERMINAL) - 1));
  }

  #paint(colour: number, text: string): string {
    return this.#colours ? `\u001b[${colour}m${text}\u001b[0m` : text;
  }
}

/** Who it is about, and the amount that a person would look for: to the right, where amounts belong. */
function describeRecord(record: EventRecord, width: number): string {
  const name = record['NAME'] ?? record['CUSTOMERNAME'] ?? record['VENDORNAME'] ?? '';
  const amount = record['TOTALENTERED'] ?? record['CREDITLIMIT'];
  const currency = record['CURRENCY'] ?? '';
  const right = amount == null ? '' : `${withThousands(amount)} ${currency}`.trimEnd();
  return right === '' ? name : `${pad(name, width - [...right].length - 1)} ${right}`;
}

/** Amounts are text: no float may come near them. */
function withThousands(amount: string): string {
  return /^\d+(\.\d+)?$/.test(amount) ? amount.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',') : amount;
}

/** Exactly so many columns. Control characters in a record are not for a terminal. */
function pad(text: string, width: number): string {
  const characters = [...text.replace(/\p{Cc}/gu, ' ')];
  if (characters.length > width) return `${characters.slice(0, width - 1).join('')}…`;
  return characters.join('').padEnd(width + text.length - characters.length);
}

function clockTime(atMs: number): string {
  const at = new Date(atMs);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
