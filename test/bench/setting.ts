import { fileURLToPath } from 'node:url';

/** The name that Sage's SDK insists on; it is made to lead to the loopback interface in the one process that runs the SDK. */
export const SDK_HOST = 'api.intacct.com';
/** The worker takes any https host, so it needs no such trick. */
export const WORKER_HOST = 'localhost';

/** Intacct's largest. */
export const PAGE_SIZE = 2000;

/** 44 fields, as many as a customer of a company with a handful of custom fields has. Every one but the stamps holds text. */
export const CUSTOMER_FIELDS =
  'RECORDNO:int CUSTOMERID NAME ENTITY PARENTID PARENTNAME TERMNAME CUSTREPID CUSTREPNAME RESALENO TAXID CREDITLIMIT:cur TOTALDUE:cur ' +
  'COMMENTS ACCOUNTLABEL ARACCOUNT ARACCOUNTTITLE DELIVERY_OPTIONS TERRITORYID SHIPPINGMETHOD CUSTTYPE GLGROUP PRICESCHEDULE PRICELIST ' +
  'CURRENCY STATUS DISPLAYCONTACT.CONTACTNAME DISPLAYCONTACT.FIRSTNAME DISPLAYCONTACT.LASTNAME DISPLAYCONTACT.PHONE1 ' +
  'DISPLAYCONTACT.EMAIL1 DISPLAYCONTACT.MAILADDRESS.ADDRESS1 DISPLAYCONTACT.MAILADDRESS.CITY DISPLAYCONTACT.MAILADDRESS.ZIP ' +
  'DISPLAYCONTACT.MAILADDRESS.COUNTRY CREATEDBY MODIFIEDBY c_REGION c_SEGMENT WHENCREATED:stamp WHENMODIFIED:stamp';

/** What a simulated company is started with; it goes to its process as one argument. */
export interface CompanySetting {
  readonly host: string;
  readonly customers: number;
  /** Customers that share a second of their stamps. */
  readonly perSecond: number;
  /** How long an answer takes on top of the work it makes, milliseconds. */
  readonly latencyMs: number;
}

/** What a company says of itself once it answers. */
export interface CompanyAddress {
  readonly url: string;
  readonly port: number;
  /** To be trusted by whoever connects. */
  readonly certificate: string;
  readonly credentials: {
    readonly senderId: string;
    readonly senderPassword: string;
    readonly companyId: string;
    readonly userId: string;
    readonly userPassword: string;
  };
}

/** What the script on the SDK is started with. */
export interface SdkSetting extends CompanyAddress {
  readonly redisUrl: string;
  readonly since: string;
}

/** A program beside this file, as it was built. */
export function programAt(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
