import type { FunctionCall } from './envelope.js';
import { FunctionFailure, invalidArgument } from './problems.js';
import { checkLimits, type ParsedQuery, readQuery } from './query-schema.js';
import { noAttributes, optional, readSequence, required, requiredText, textOf } from './schema.js';

/** A function as asked. Reading may refuse the whole request (schema) or, as a value, this function alone. */
export type Ask =
  | { readonly name: 'getAPISession'; readonly object: null; readonly locationId: string | null | undefined }
  | { readonly name: 'query'; readonly object: string; readonly query: ParsedQuery }
  | { readonly name: 'lookup'; readonly object: string }
  | { readonly name: 'readUserFormatting'; readonly object: null }
  | { readonly name: 'refused'; readonly object: null; readonly asked: string; readonly failure: FunctionFailure };

export interface PreparedCall {
  readonly controlId: string;
  readonly ask: Ask;
}

/** The name a result carries: that of the element sent, also when it is not known here. */
export function functionName(ask: Ask): string {
  return ask.name === 'refused' ? ask.asked : ask.name;
}

export function prepareCall(call: FunctionCall): PreparedCall {
  return { controlId: call.controlId, ask: readAsk(call) };
}

function readAsk({ body }: FunctionCall): Ask {
  try {
    switch (body.name) {
      case 'query': {
        const query = readQuery(body);
        checkLimits(query);
        return { name: 'query', object: query.object, query };
      }
      case 'lookup': {
        const parts = readSequence(body, [required('object'), optional('docparid')]);
        return { name: 'lookup', object: requiredText(parts.get('object'), 'object') };
      }
      case 'getAPISession': {
        noAttributes(body);
        const location = readSequence(body, [optional('locationid')]).get('locationid');
        return {
          name: 'getAPISession',
          object: null,
          locationId: location === undefined ? undefined : textOf(location) || null,
        };
      }
      case 'readUserFormatting': {
        const parts = readSequence(body, [optional('key'), optional('userId')]);
        if (parts.size !== 1) throw invalidArgument('readUserFormatting needs key or userId');
        return { name: 'readUserFormatting', object: null };
      }
      default:
        throw invalidArgument(`The function ${body.name} is not offered by this simulator`);
    }
  } catch (error) {
    if (error instanceof FunctionFailure) return { name: 'refused', object: null, asked: body.name, failure: error };
    throw error;
  }
}
