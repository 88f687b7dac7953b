import { nearestName } from './nearest-name.js';

/** How an object is watched when its trigger says nothing else. */
export interface KnownObject {
  readonly object: string;
  readonly keyField: string;
  readonly modifiedField: string;
  /**
   * The **audit** time of creation; null = there is none. On AP, AR, SO and PO documents WHENCREATED is the document date that
   * a user typed, so their audit time is AUWHENCREATED.
   */
  readonly createdField: string | null;
}

const MASTER_DATA = [
  'CLASS',
  'CONTACT',
  'CONTRACT',
  'CONTRACTDETAIL',
  'CUSTOMER',
  'DEPARTMENT',
  'EMPLOYEE',
  'ITEM',
  'LOCATION',
  'LOCATIONENTITY',
  'PROJECT',
  'TASK',
  'TIMESHEET',
  'VENDOR',
  'WAREHOUSE',
  'GLACCOUNT',
  'GLJOURNAL',
  'STATACCOUNT',
  'APTERM',
  'ARTERM',
  'TAXDETAIL',
  'TRXCURRENCIES',
];

const DOCUMENTS = [
  'APADJUSTMENT',
  'APBILL',
  'APPYMT',
  'ARADJUSTMENT',
  'ARINVOICE',
  'ARPYMT',
  'CCTRANSACTION',
  'EEXPENSES',
  'PODOCUMENT',
  'SODOCUMENT',
];

const LINES = ['APBILLITEM', 'ARINVOICEITEM', 'GLENTRY', 'PODOCUMENTENTRY', 'SODOCUMENTENTRY'];

/** Old rows of GLBATCH hold 1970 as WHENCREATED, which means unknown. */
const BATCHES = ['GLBATCH'];

/** A view over the ledger: slow, may time out. */
const VIEWS = ['GLDETAIL'];

const created = (createdField: string) => (object: string) => ({
  object,
  keyField: 'RECORDNO',
  modifiedField: 'WHENMODIFIED',
  createdField,
});

export const KNOWN_OBJECTS: ReadonlyMap<string, KnownObject> = new Map(
  [
    ...[...MASTER_DATA, ...LINES, ...BATCHES].map(created('WHENCREATED')),
    ...[...DOCUMENTS, ...VIEWS].map(created('AUWHENCREATED')),
    // Keys like `103:9`: text, ordered as text.
    { object: 'AUDITHISTORY', keyField: 'ID', modifiedField: 'ACCESSTIME', createdField: null },
  ].map((row) => [row.object, row]),
);

/** The fields of most custom (Platform Services) objects, whose names nobody can list: a hint, never applied by itself. */
export const CUSTOM_OBJECT_HINT = { keyField: 'id', modifiedField: 'updatedAt', createdField: 'createdAt' } as const;

/** In upper or lower case. */
export function findKnownObject(name: string): KnownObject | undefined {
  return KNOWN_OBJECTS.get(name.toUpperCase());
}

/** The known object that was probably meant by `name`. */
export function nearestKnownObject(name: string): string | undefined {
  return nearestName(name, KNOWN_OBJECTS.keys());
}
