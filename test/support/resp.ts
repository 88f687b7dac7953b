const CR = 13;

/**
 * Where the RESP message that begins at `at` ends, or undefined while not all of it is there. Enough of the protocol, versions 2 and 3,
 * to cut a stream into messages without understanding them.
 */
function messageEnd(bytes: Buffer, at: number): number | undefined {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd === -1) return undefined;
  const type = String.fromCharCode(bytes[at] ?? CR);
  const count = Number(bytes.toString('latin1', at + 1, lineEnd));
  const next = lineEnd + 2;
  if ('$!='.includes(type)) {
    const end = count < 0 ? next : next + count + 2;
    return end <= bytes.length ? end : undefined;
  }
  if ('*~>%|'.includes(type)) {
    // An attribute (|) is a map that stands before the reply proper.
    const parts = (type === '%' || type === '|' ? 2 * count : count) + (type === '|' ? 1 : 0);
    return endOf(bytes, next, parts);
  }
  return next;
}

/** The words of a command as clients send it: an array of bulk strings. */
export function commandWords(message: Buffer): string[] {
  const words: string[] = [];
  let at = message.indexOf('\r\n') + 2;
  while (at < message.length) {
    const lineEnd = message.indexOf('\r\n', at);
    const length = Number(message.toString('latin1', at + 1, lineEnd));
    words.push(message.toString('utf8', lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + 2 + length + 2;
  }
  return words;
}

/** Cuts a stream into messages, whatever the chunks it comes in. */
export class MessageCutter {
  #rest: Buffer = Buffer.alloc(0);

  /** The messages that are complete now. */
  take(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      const end = messageEnd(bytes, at);
      if (end === undefined) break;
      messages.push(bytes.subarray(at, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
    return messages;
  }
}

function endOf(bytes: Buffer, at: number, parts: number): number | undefined {
  let end: number | undefined = at;
  for (let part = 0; part < parts && end !== undefined; part += 1) end = messageEnd(bytes, end);
  return end;
}
