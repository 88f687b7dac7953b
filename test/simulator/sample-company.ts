import type { Company } from './company.js';
import { Random } from './random.js';
import { type Change, SampleMaker } from './sample-maker.js';

export interface SampleSize {
  /** Customers; vendors, bills and invoices follow in proportion. */
  readonly customers?: number;
  readonly seed?: number;
}

const ENTITIES = {
  '100-US': 'Harbor Supply Inc.',
  '200-UK': 'Harbor Supply Ltd.',
  '300-DE': 'Harbor Supply GmbH',
} as const;

const PEOPLE = [
  'Ana Sousa',
  'Ben Okafor',
  'Chloé Martin',
  'Dan Whitfield',
  'Eva Lindgren',
  'Femi Adeyemi',
  'Greta Vogel',
  'Hugo Brandt',
];

/** Fills a company with a small trading house of three entities, whose records were made over the past months. */
export function fillSampleCompany(company: Company, size: SampleSize = {}): void {
  const maker = new SampleMaker(company, new Random(size.seed ?? 7));
  const customers = size.customers ?? 40;
  for (const [id, name] of Object.entries(ENTITIES)) if (!company.hasEntity(id)) company.addEntity(id, name);
  for (const [id, title] of Object.entries({ '10': 'Sales', '20': 'Operations', '30': 'Finance' })) {
    company.create('DEPARTMENT', { DEPARTMENTID: id, TITLE: title }, maker.past());
  }
  for (const [index, name] of PEOPLE.entries()) maker.employee(name, index);
  for (let index = 0; index < 12; index += 1) maker.item();
  for (let index = 0; index < customers; index += 1) maker.customer(maker.past());
  for (let index = 0; index < Math.ceil(customers / 2); index += 1) maker.vendor(maker.past());
  for (let index = 0; index < Math.ceil(customers / 8); index += 1) maker.project(maker.past());
  for (let index = 0; index < customers * 2; index += 1) maker.invoice(maker.past());
  for (let index = 0; index < customers; index += 1) maker.bill(maker.past());
}

export interface ChangeOptions {
  readonly perSecond: number;
  readonly seed?: number;
  readonly onChange?: (change: Change) => void;
}

/** Lets people work in the company: bills and invoices come and are paid, customers change. Returns how to stop it. */
export function startChanges(simulator: { readonly company: Company }, options: ChangeOptions): () => void {
  if (options.perSecond <= 0) return () => undefined;
  const maker = new SampleMaker(simulator.company, new Random(options.seed ?? 11));
  const timer = setInterval(() => {
    const change = maker.change();
    options.onChange?.(change);
  }, 1000 / options.perSecond);
  return () => clearInterval(timer);
}
