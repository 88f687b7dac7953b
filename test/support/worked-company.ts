import type { TriggerEvent } from '../../shared/index.js';
import type { Company, CreateOptions, SimRecord, Values } from '../simulator/company.js';
import { Random } from '../simulator/random.js';

/** Texts that have been mangled on their way by somebody, somewhere. */
export const AWKWARD_TEXTS = [
  '&<é😀>',
  '00123',
  '1e5',
  '0x1F',
  '1.10',
  'true',
  ' blank before and after ',
  '&amp;&#233;',
  ']]>',
  '"quoted" and \'quoted\'',
  'Łódź — “Zürich”',
  '__proto__',
];
export const TWENTY_DIGITS = '12345678901234567890.12';

const OBJECTS = ['CUSTOMER', 'VENDOR', 'APBILL', 'PROJECT'] as const;
const LONG_AGO_MS = 90 * 86_400_000;

/** A company at work, which remembers every version of every record it ever showed. */
export class WorkedCompany {
  readonly company: Company;
  readonly versions: SimRecord[] = [];
  readonly #random = new Random(20_261_122);
  readonly #createdHere = new Set<string>();

  constructor(company: Company) {
    this.company = company;
  }

  /** Records from long before anybody watched. */
  fill(count: number): void {
    for (let index = 0; index < count; index += 1) {
      const object = this.#random.pick(OBJECTS);
      this.company.create(object, this.#values(object), {
        ...this.#place(),
        stampedAtMs: this.company.clock.now() - LONG_AGO_MS + index * 60_000,
        // Never touched since, as far as the object has a time of creation to find it by.
        modifiedOnCreate: object === 'APBILL' || this.#random.next() < 0.5,
      });
    }
  }

  /** Creates a record or changes an old or a new one. */
  work(): void {
    const object = this.#random.pick(OBJECTS);
    const existing = this.company.current(object);
    if (existing.length === 0 || this.#random.next() < 0.5) {
      const created = this.company.create(object, this.#values(object), this.#place());
      this.#createdHere.add(nameOf(created));
      this.versions.push(created);
    } else {
      const { key } = this.#random.pick(existing);
      this.versions.push(this.company.update(object, key, this.#values(object)));
    }
  }

  wasCreatedHere(record: SimRecord): boolean {
    return this.#createdHere.has(nameOf(record));
  }

  /** The newest version of every record that was worked on. */
  finals(): SimRecord[] {
    return [...new Map(this.versions.map((version) => [nameOf(version), version])).values()];
  }

  #values(object: string): Values {
    const text = this.#random.pick(AWKWARD_TEXTS);
    if (object === 'APBILL') {
      // The document date is what somebody typed: long ago or years ahead, it says nothing about when the record was created.
      const WHENCREATED = this.#random.pick(['01/31/2019', '12/31/2031']);
      return { DESCRIPTION: text, TOTALENTERED: TWENTY_DIGITS, WHENCREATED };
    }
    return { NAME: text, ...(object === 'PROJECT' ? { BUDGETAMOUNT: TWENTY_DIGITS } : { CREDITLIMIT: TWENTY_DIGITS }) };
  }

  #place(): CreateOptions {
    const { entities } = this.company;
    return { entity: this.#random.next() < 0.3 ? null : this.#random.pick(entities).id };
  }
}

/** OBJECT/key of a record. */
export function nameOf({ object, key }: SimRecord): string {
  return `${object}/${key}`;
}

/** What a consumer must find in an event of this version: every field that can be queried, with the company's own text. */
export function recordOf(company: Company, { object, values }: SimRecord): Record<string, string | null> {
  const fields = company.table(object).definition.fields.filter((field) => !field.refusedByQuery);
  return Object.fromEntries(fields.map(({ id }) => [id, values[id] ?? null]));
}

/** One line for a version, equal for equal content: sets of them show what is missing and what is there twice. */
export function lineOf(name: string, record: Readonly<Record<string, string | null>>): string {
  return `${name} ${JSON.stringify(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}

export function lineOfEvent({ subject, data }: TriggerEvent): string {
  return lineOf(subject, data.record);
}

export function repeated(lines: readonly string[]): string[] {
  return lines.filter((line, index) => lines.indexOf(line) !== index);
}
