/** Why a connection is blocked, as it is kept in Redis and shown to operators. No secret in it. */
export interface BlockInfo extends Refusal {
  /** Of the refused credentials. */
  readonly fingerprint: string;
  /** Clock of Redis, epoch milliseconds. */
  readonly atMs: number;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** What an operator can do about it. */
  readonly advice: string;
  /** Sage's own words. */
  readonly sageText: string;
}

export function refusalOf({ code, message, advice, sageText }: Refusal): Refusal {
  return { code, message, advice, sageText };
}

/** Also of an entry that nobody can read: somebody was refused, and that is what counts. */
export function readBlock(entry: string, fingerprint: string): BlockInfo {
  const [, atMs = '0', json = ''] = /^(\d{1,15}) (.*)$/s.exec(entry) ?? [];
  const refusal = parseObject(json);
  const text = (field: keyof Refusal, fallback: string) => {
    const value = refusal[field];
    return typeof value === 'string' ? value : fallback;
  };
  return {
    code: text('code', 'UNKNOWN'),
    message: text('message', 'The reason is lost'),
    advice: text('advice', 'Check the credentials, then resume the connection.'),
    sageText: text('sageText', ''),
    fingerprint,
    atMs: Number(atMs),
  };
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
