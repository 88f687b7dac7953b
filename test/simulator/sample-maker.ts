import type { Company, CreateOptions, SimRecord, Values } from './company.js';
import type { Random } from './random.js';
import { formatDate } from './times.js';

const CURRENCIES: Readonly<Record<string, string>> = { '100-US': 'USD', '200-UK': 'GBP', '300-DE': 'EUR' };

const FIRST = [
  'Alder',
  'Blue Heron',
  'Castellan',
  'Dover & Lyme',
  'Elmwood',
  'Fjordline',
  'Granit',
  'Hollis',
  'Ibérica',
  'Juniper',
  'Kestrel',
  'Lindqvist',
  "O'Rourke",
  'Müller',
  'Northgate',
  'Ostrava',
];
const SECOND = [
  'Bakery',
  'Clinics',
  'Construction',
  'Electric',
  'Foods',
  'Freight',
  'Hotels',
  'Instruments',
  'Joinery',
  'Labs',
  'Marine',
  'Optics',
  'Pharma',
  'Roofing',
  'Textiles',
  'Tools',
];
const CITIES = ['Boston', 'Leeds', 'Köln', 'Austin', 'Bristol', 'Bremen', 'Denver', 'York', 'Łódź', 'Zürich'];
const GOODS = [
  'Office chairs',
  'Anchor chain 12 mm',
  'Freight, October',
  'Consulting hours',
  'Packaging',
  'Cloud hosting',
  'Forklift rental',
  'Safety boots',
  'Roof tiles',
  'Solar panels',
];
const TERMS = ['Net 15', 'Net 30', 'Net 60', 'Due upon receipt'];

const DAY_MS = 86_400_000;

/** One thing that happened in the company, for whoever wants to tell about it. */
export interface Change {
  readonly verb: 'created' | 'updated';
  readonly record: SimRecord;
}

/** Makes believable records and changes to them. */
export class SampleMaker {
  readonly #known: Record<string, SimRecord[]> = {};
  #numbers = 1000;

  constructor(
    readonly company: Company,
    readonly random: Random,
  ) {}

  /** One change such as a working day brings: mostly new documents and payments, sometimes master data. */
  change(): Change {
    const { random } = this;
    const dice = random.next();
    if (dice < 0.3) return { verb: 'created', record: this.invoice() };
    if (dice < 0.5) return { verb: 'created', record: this.bill() };
    if (dice < 0.58) return { verb: 'created', record: this.customer() };
    if (dice < 0.62) return { verb: 'created', record: this.vendor() };
    if (dice < 0.75)
      return this.#update('ARINVOICE', (old) => ({
        STATE: 'Paid',
        TOTALPAID: old['TOTALENTERED'] ?? null,
        TOTALDUE: '0.00',
      }));
    if (dice < 0.85)
      return this.#update('APBILL', (old) => ({
        STATE: 'Paid',
        TOTALPAID: old['TOTALENTERED'] ?? null,
        TOTALDUE: '0.00',
      }));
    if (dice < 0.95) return this.#update('CUSTOMER', () => ({ CREDITLIMIT: `${(random.below(50) + 1) * 1000}.00` }));
    return this.#update('VENDOR', () => ({ TERMNAME: random.pick(TERMS) }));
  }

  customer(options: CreateOptions = this.#somewhere(0.4)): SimRecord {
    const name = this.#companyName();
    const values = {
      NAME: name,
      TERMNAME: this.random.pick(TERMS),
      CURRENCY: this.#currency(options),
      CREDITLIMIT: this.#amount(50_000),
      TOTALDUE: '0.00',
      ...this.#contact(name),
    };
    return this.#create('CUSTOMER', values, options);
  }

  vendor(options: CreateOptions = this.#somewhere(0.4)): SimRecord {
    const name = this.#companyName();
    return this.#create(
      'VENDOR',
      { NAME: name, TERMNAME: this.random.pick(TERMS), CURRENCY: this.#currency(options), ...this.#contact(name) },
      options,
    );
  }

  invoice(options: CreateOptions = this.#somewhere(1)): SimRecord {
    const customer = this.#any('CUSTOMER').values;
    const parties = { CUSTOMERID: customer['CUSTOMERID'] ?? null, CUSTOMERNAME: customer['NAME'] ?? null };
    return this.#create('ARINVOICE', { ...parties, ...this.#document('INV', options) }, options);
  }

  bill(options: CreateOptions = this.#somewhere(1)): SimRecord {
    const vendor = this.#any('VENDOR').values;
    const parties = { VENDORID: vendor['VENDORID'] ?? null, VENDORNAME: vendor['NAME'] ?? null };
    return this.#create('APBILL', { ...parties, ...this.#document('BILL', options) }, options);
  }

  project(options: CreateOptions = this.#somewhere(0.5)): SimRecord {
    const customer = this.#any('CUSTOMER').values;
    return this.#create(
      'PROJECT',
      {
        NAME: `${this.random.pick(GOODS)} for ${customer['NAME'] ?? 'stock'}`,
        CUSTOMERID: customer['CUSTOMERID'] ?? null,
        BUDGETAMOUNT: this.#amount(90_000),
      },
      options,
    );
  }

  item(): SimRecord {
    return this.#create(
      'ITEM',
      { NAME: this.random.pick(GOODS), BASEPRICE: this.#amount(900), STANDARD_COST: this.#amount(600) },
      this.past(),
    );
  }

  employee(name: string, index: number): SimRecord {
    const [first = '', last = ''] = name.split(' ');
    const values = {
      'PERSONALINFO.CONTACTNAME': name,
      'PERSONALINFO.FIRSTNAME': first,
      'PERSONALINFO.LASTNAME': last,
      DEPARTMENTID: String((index % 3) * 10 + 10),
    };
    return this.#create('EMPLOYEE', values, this.past());
  }

  /** A place and a moment of the past ninety days; some master data was never touched since and has no modified time. */
  past(): CreateOptions {
    const stampedAtMs = this.company.clock.now() - 2 * 3_600_000 - this.random.below(90 * DAY_MS);
    return { ...this.#somewhere(0.5), stampedAtMs, modifiedOnCreate: this.random.next() < 0.7 };
  }

  #create(object: string, values: Values, options: CreateOptions): SimRecord {
    const untouched =
      options.modifiedOnCreate === false && this.company.table(object).definition.createdField === 'WHENCREATED';
    const known = this.#known[object] ?? this.company.current(object).slice(-200);
    const record = this.company.create(object, values, { ...options, modifiedOnCreate: !untouched });
    this.#known[object] = [...known.slice(-200), record];
    return record;
  }

  #update(object: string, changesOf: (old: Values) => Values): Change {
    const { key, values } = this.#any(object);
    const record = this.company.update(object, key, changesOf(values));
    return { verb: 'updated', record };
  }

  /** A record of the company, made by this maker or found there. */
  #any(object: string): SimRecord {
    const known = this.#known[object] ?? this.company.current(object).slice(-200);
    if (known.length === 0) return this.#first(object);
    this.#known[object] = known;
    const picked = this.random.pick(known);
    return this.company.find(object, picked.key) ?? this.#first(object);
  }

  #first(object: string): SimRecord {
    if (object === 'VENDOR') return this.vendor();
    if (object === 'APBILL') return this.bill();
    return object === 'ARINVOICE' ? this.invoice() : this.customer();
  }

  #document(prefix: string, options: CreateOptions): Values {
    this.#numbers += 1;
    const amount = this.#amount(8_000);
    const atMs = options.stampedAtMs ?? this.company.clock.now();
    const currency = this.#currency(options);
    return {
      RECORDID: `${prefix}-${this.#numbers}`,
      DESCRIPTION: this.random.pick(GOODS),
      WHENCREATED: formatDate(atMs - this.random.below(5) * DAY_MS, this.company.zone),
      WHENDUE: formatDate(atMs + 30 * DAY_MS, this.company.zone),
      TERMNAME: this.random.pick(TERMS),
      CURRENCY: currency,
      BASECURR: currency,
      TOTALENTERED: amount,
      TOTALPAID: '0.00',
      TOTALDUE: amount,
      TRX_TOTALENTERED: amount,
    };
  }

  #contact(name: string): Values {
    const host = name.toLowerCase().replace(/[^a-z]+/g, '') || 'example';
    return {
      'DISPLAYCONTACT.EMAIL1': `accounts@${host}.example`,
      'DISPLAYCONTACT.COMPANYNAME': name,
      'DISPLAYCONTACT.MAILADDRESS.CITY': this.random.pick(CITIES),
    };
  }

  #companyName(): string {
    return `${this.random.pick(FIRST)} ${this.random.pick(SECOND)}`;
  }

  #amount(limit: number): string {
    return `${this.random.below(limit) + 10}.${String(this.random.below(100)).padStart(2, '0')}`;
  }

  /** With the given probability a record private to one entity, otherwise a shared one. */
  #somewhere(privateShare: number): CreateOptions {
    const { entities } = this.company;
    return entities.length > 0 && this.random.next() < privateShare
      ? { entity: this.random.pick(entities).id }
      : { entity: null };
  }

  #currency(options: CreateOptions): string {
    return CURRENCIES[options.entity ?? '100-US'] ?? 'USD';
  }
}
