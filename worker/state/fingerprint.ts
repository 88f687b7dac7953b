import { scrypt } from 'node:crypto';
import type { Secret } from '../../shared/secret.js';

/** What a sign-in depends on. */
export interface SignInParts {
  readonly endpoint: string;
  readonly senderId: string;
  readonly senderPassword: Secret;
  readonly companyId: string;
  readonly userId: string;
  readonly userPassword: Secret;
}

/** 128 · N · r = 32 MB and some tenths of a second at most; the default limit of Node is just too low for it. */
const COST = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 2 ** 20 };
const BYTES = 4;

/**
 * Tells whether credentials have changed, without telling what they are: eight hexadecimal digits that may stand in Redis.
 *
 * Whoever reads Redis must not be able to try passwords against it. Hence scrypt, which makes each guess expensive; salted with the
 * ids, so that nothing can be prepared or compared across companies; both passwords in one hash, so that both have to be guessed at
 * once; and cut to 32 bits, so that among billions of guesses many fit and a hit proves nothing. The hole: who knows one password
 * and guesses that the other is one of a few thousand common ones can confirm it, at scrypt's price a guess.
 *
 * Of four billion changes of credentials one is not noticed: the connection then stays blocked until an operator resumes it.
 */
export function credentialsFingerprint(parts: SignInParts): Promise<string> {
  const { endpoint, senderId, senderPassword, companyId, userId, userPassword } = parts;
  // JSON keeps the parts apart: no two different lists have the same text.
  const salt = JSON.stringify([endpoint, senderId, companyId, userId]);
  const passwords = JSON.stringify([senderPassword.reveal(), userPassword.reveal()]);
  return new Promise((resolve, reject) => {
    scrypt(passwords, salt, BYTES, COST, (error, key) => {
      if (error === null) resolve(key.toString('hex'));
      else reject(error);
    });
  });
}
