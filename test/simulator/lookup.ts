import type { FieldDefinition, Relation } from './catalogue.js';
import type { Company } from './company.js';
import { objectUnknown } from './problems.js';
import { element, escapeXml } from './xml.js';

/** `lookup` tells an object's fields and relations, whether or not the user may read it, and lists fields that query refuses. */
export function renderLookup(company: Company, object: string): string {
  const definition = company.findTable(object)?.definition;
  if (definition === undefined) throw objectUnknown(object);
  const fields = definition.fields.map(renderField).join('');
  const relations = definition.relations.map(renderRelation).join('');
  return (
    `<data listtype="All" count="1"><Type Name="${escapeXml(definition.name)}" DocumentType=""><Fields>${fields}</Fields>` +
    `${relations === '' ? '<Relationships/>' : `<Relationships>${relations}</Relationships>`}</Type></data>`
  );
}

function renderField(field: FieldDefinition): string {
  const values = field.validValues.map((value) => element('VALIDVALUE', value)).join('');
  return (
    `<Field>${element('ID', field.id)}${element('LABEL', field.id)}${element('DESCRIPTION', '')}` +
    `${element('REQUIRED', String(field.required))}${element('READONLY', String(field.readOnly))}${element('DATATYPE', field.dataType)}` +
    `${element('ISCUSTOM', String(field.custom))}${values === '' ? '' : `<VALIDVALUES>${values}</VALIDVALUES>`}</Field>`
  );
}

function renderRelation(relation: Relation): string {
  return (
    `<Relationship>${element('OBJECTPATH', relation.name)}${element('OBJECTNAME', relation.object)}${element('LABEL', relation.name)}` +
    `${element('RELATIONSHIPTYPE', 'MANY2ONE')}${element('RELATEDBY', relation.by)}</Relationship>`
  );
}
