import { defineObject, type ObjectDefinition } from './catalogue.js';

/** Audit fields of master data: WHENCREATED is the audit timestamp. */
const MASTER_AUDIT = 'WHENCREATED:stamp WHENMODIFIED:stamp CREATEDBY:int MODIFIEDBY:int';

/** Audit fields of AP, AR and order documents: WHENCREATED is the document date typed by the user, AUWHENCREATED the audit timestamp. */
const DOCUMENT_AUDIT = 'WHENCREATED:date AUWHENCREATED:stamp WHENMODIFIED:stamp CREATEDBY:int MODIFIEDBY:int';

const ACTIVE = { STATUS: 'active', CREATEDBY: '1', MODIFIEDBY: '1' } as const;
const POSTED = { CREATEDBY: '1', MODIFIEDBY: '1' } as const;
const STATUS = 'STATUS:enum(active,inactive)';

/** Names with a dot that are plain fields, not relations: the contact that Sage flattens into customers and vendors. */
const CONTACT =
  'DISPLAYCONTACT.CONTACTNAME DISPLAYCONTACT.COMPANYNAME DISPLAYCONTACT.FIRSTNAME DISPLAYCONTACT.LASTNAME DISPLAYCONTACT.PRINTAS ' +
  'DISPLAYCONTACT.PHONE1 DISPLAYCONTACT.EMAIL1 DISPLAYCONTACT.MAILADDRESS.ADDRESS1 DISPLAYCONTACT.MAILADDRESS.CITY ' +
  'DISPLAYCONTACT.MAILADDRESS.STATE DISPLAYCONTACT.MAILADDRESS.ZIP DISPLAYCONTACT.MAILADDRESS.COUNTRY';

const document = { createdField: 'AUWHENCREATED', defaults: POSTED } as const;
const vendor = { name: 'VENDOR', object: 'VENDOR', by: 'VENDORID', to: 'VENDORID' } as const;
const customer = { name: 'CUSTOMER', object: 'CUSTOMER', by: 'CUSTOMERID', to: 'CUSTOMERID' } as const;

const MASTER_DATA: readonly ObjectDefinition[] = [
  defineObject(
    'CUSTOMER',
    `RECORDNO:int CUSTOMERID NAME ENTITY PARENTKEY:int PARENTID PARENTNAME TERMNAME CUSTREPID CUSTREPNAME RESALENO TAXID CREDITLIMIT:cur
     TOTALDUE:cur COMMENTS ACCOUNTLABEL ARACCOUNT ARACCOUNTTITLE LAST_INVOICEDATE:date LAST_STATEMENTDATE:date DELIVERY_OPTIONS TERRITORYID
     SHIPPINGMETHOD CUSTTYPE GLGROUP PRICESCHEDULE DISCOUNT:pct PRICELIST CURRENCY ONHOLD:bool ONETIME:bool ${STATUS} ${CONTACT}
     ${MASTER_AUDIT} VISIBILITY HIDEDISPLAYCONTACT:bool! c_REGION`,
    { naturalKey: { field: 'CUSTOMERID', prefix: 'C-' }, defaults: { ...ACTIVE, ONHOLD: 'false', ONETIME: 'false' } },
  ),
  defineObject(
    'VENDOR',
    `RECORDNO:int VENDORID NAME ENTITY PARENTKEY:int PARENTID TERMNAME VENDTYPE VENDORACCOUNTNO TAXID CREDITLIMIT:cur TOTALDUE:cur
     BILLINGTYPE ACCOUNTLABEL APACCOUNT FORM1099TYPE PAYMENTPRIORITY CURRENCY ONHOLD:bool DONOTCUTCHECK:bool COMMENTS ${STATUS} ${CONTACT}
     ${MASTER_AUDIT}`,
    {
      naturalKey: { field: 'VENDORID', prefix: 'V-' },
      defaults: { ...ACTIVE, ONHOLD: 'false', DONOTCUTCHECK: 'false' },
    },
  ),
  defineObject(
    'ITEM',
    `RECORDNO:int ITEMID NAME ITEMTYPE EXTENDED_DESCRIPTION PRODUCTLINEID GLGROUP STANDARD_COST:cur AVERAGE_COST:cur BASEPRICE:cur UOMGRP
     TAXABLE:bool UPC NOTE ${STATUS} ${MASTER_AUDIT}`,
    {
      naturalKey: { field: 'ITEMID', prefix: 'I-' },
      defaults: { ...ACTIVE, ITEMTYPE: 'Non-Inventory', TAXABLE: 'true' },
    },
  ),
  defineObject(
    'EMPLOYEE',
    `RECORDNO:int EMPLOYEEID TITLE PERSONALINFO.CONTACTNAME PERSONALINFO.FIRSTNAME PERSONALINFO.LASTNAME PERSONALINFO.EMAIL1 DEPARTMENTID
     LOCATIONID SUPERVISORID STARTDATE:date ENDDATE:date SSN! ${STATUS} ${MASTER_AUDIT}`,
    {
      naturalKey: { field: 'EMPLOYEEID', prefix: 'E-' },
      defaults: ACTIVE,
      relations: [{ name: 'DEPARTMENT', object: 'DEPARTMENT', by: 'DEPARTMENTID', to: 'DEPARTMENTID' }],
    },
  ),
  defineObject(
    'PROJECT',
    `RECORDNO:int PROJECTID NAME DESCRIPTION PARENTID PROJECTCATEGORY PROJECTSTATUS CURRENCY CUSTOMERID MANAGERID DEPARTMENTID LOCATIONID
     BEGINDATE:date ENDDATE:date BUDGETAMOUNT:cur CONTRACTAMOUNT:cur ACTUALAMOUNT:cur BUDGETQTY:dec PERCENTCOMPLETE:pct ${STATUS}
     BUDGETEDCOST:cur! ACTUALQTY:dec! REMAININGQTY:dec! ESTQTY:dec! PERCENTVARIANCE:pct! OBSPERCENTCOMPLETE:pct! SUPDOCID! INVOICEMESSAGE!
     INVOICECURRENCY! RATETABLEID! ${MASTER_AUDIT}`,
    { naturalKey: { field: 'PROJECTID', prefix: 'P-' }, defaults: ACTIVE, relations: [customer] },
  ),
  defineObject(
    'CONTACT',
    `RECORDNO:int CONTACTNAME COMPANYNAME FIRSTNAME LASTNAME EMAIL1 PHONE1 ${STATUS} ${MASTER_AUDIT}`,
    {
      naturalKey: { field: 'CONTACTNAME', prefix: 'Contact ' },
      defaults: ACTIVE,
    },
  ),
  defineObject('CLASS', `RECORDNO:int CLASSID NAME DESCRIPTION ${STATUS} ${MASTER_AUDIT}`, {
    naturalKey: { field: 'CLASSID', prefix: 'CL-' },
    defaults: ACTIVE,
  }),
  defineObject('DEPARTMENT', `RECORDNO:int DEPARTMENTID TITLE PARENTID SUPERVISORID ${STATUS} ${MASTER_AUDIT}`, {
    naturalKey: { field: 'DEPARTMENTID', prefix: 'D-' },
    defaults: ACTIVE,
    withoutEntity: true,
  }),
  defineObject('LOCATION', `RECORDNO:int LOCATIONID NAME PARENTID CURRENCY ${STATUS} ${MASTER_AUDIT}`, {
    naturalKey: { field: 'LOCATIONID', prefix: 'L-' },
    defaults: ACTIVE,
    withoutEntity: true,
  }),
  defineObject(
    'LOCATIONENTITY',
    `RECORDNO:int LOCATIONID NAME CURRENCY OPCOUNTRY STARTOPEN:date ${STATUS} ${MASTER_AUDIT}`,
    {
      naturalKey: { field: 'LOCATIONID', prefix: 'ENT-' },
      defaults: ACTIVE,
    },
  ),
];

const DOCUMENTS: readonly ObjectDefinition[] = [
  defineObject(
    'APBILL',
    `RECORDNO:int RECORDID DOCNUMBER VENDORID VENDORNAME DESCRIPTION WHENPOSTED:date WHENDISCOUNT:date WHENDUE:date WHENPAID:date STATE
     RAWSTATE TERMNAME BASECURR CURRENCY TOTALENTERED:cur TOTALSELECTED:cur TOTALPAID:cur TOTALDUE:cur TRX_TOTALENTERED:cur TRX_TOTALDUE:cur
     PRBATCH ONHOLD:bool ${DOCUMENT_AUDIT}`,
    {
      ...document,
      naturalKey: { field: 'RECORDID', prefix: 'BILL-' },
      defaults: { ...POSTED, STATE: 'Posted', RAWSTATE: 'A' },
      relations: [vendor],
    },
  ),
  defineObject(
    'ARINVOICE',
    `RECORDNO:int RECORDID DOCNUMBER CUSTOMERID CUSTOMERNAME DESCRIPTION WHENPOSTED:date WHENDISCOUNT:date WHENDUE:date WHENPAID:date STATE
     TERMNAME BASECURR CURRENCY TOTALENTERED:cur TOTALSELECTED:cur TOTALPAID:cur TOTALDUE:cur TRX_TOTALENTERED:cur DUE_IN_DAYS:int!
     RETAINAGE! SI_UUID! ${DOCUMENT_AUDIT}`,
    {
      ...document,
      naturalKey: { field: 'RECORDID', prefix: 'INV-' },
      defaults: { ...POSTED, STATE: 'Posted' },
      relations: [customer],
    },
  ),
  defineObject(
    'APPYMT',
    `RECORDNO:int RECORDID DOCNUMBER VENDORID VENDORNAME FINANCIALENTITY DESCRIPTION STATE PAYMENTTYPE PAYMENTDATE:date CURRENCY PAYMENTAMOUNT:cur
     TOTALENTERED:cur CLEARED ${DOCUMENT_AUDIT}`,
    {
      ...document,
      naturalKey: { field: 'DOCNUMBER', prefix: 'PAY-' },
      defaults: { ...POSTED, STATE: 'Complete' },
      relations: [vendor],
    },
  ),
  defineObject(
    'SODOCUMENT',
    `RECORDNO:int DOCNO DOCID DOCPARID CUSTVENDID CUSTVENDNAME STATE PONUMBER WHENDUE:date TERM.NAME CURRENCY SUBTOTAL:cur TOTAL:cur TRX_TOTAL:cur
     MESSAGE ${DOCUMENT_AUDIT}`,
    {
      ...document,
      naturalKey: { field: 'DOCNO', prefix: 'SO-' },
      defaults: { ...POSTED, DOCPARID: 'Sales Order', STATE: 'Pending' },
      relations: [{ name: 'CUSTOMER', object: 'CUSTOMER', by: 'CUSTVENDID', to: 'CUSTOMERID' }],
    },
  ),
  defineObject(
    'GLBATCH',
    `RECORDNO:int BATCHNO:int BATCH_TITLE BATCH_DATE:date JOURNAL STATE REFERENCENO MODULE MODIFIED:date ${MASTER_AUDIT}`,
    { naturalKey: { field: 'BATCHNO', prefix: '' }, defaults: { ...POSTED, STATE: 'Posted', JOURNAL: 'GJ' } },
  ),
];

/** Platform Services objects: key `id`, ISO times, lower camel names. */
const CUSTOM: readonly ObjectDefinition[] = [
  defineObject(
    'equipment_lease',
    'id:int name monthlyRate:cur vendorId status signedOn:date createdAt:stamp updatedAt:stamp',
    {
      key: 'id',
      createdField: 'createdAt',
      modifiedField: 'updatedAt',
      times: 'iso',
      firstKey: 10_001,
      defaults: { status: 'active' },
    },
  ),
];

/** What a company of this simulator knows. A new object is a line here or a `company.define` in the test that needs it. */
export const STANDARD_OBJECTS: readonly ObjectDefinition[] = [...MASTER_DATA, ...DOCUMENTS, ...CUSTOM];
