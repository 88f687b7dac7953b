import { loadSettings } from '../../../worker/config/load-settings.js';
import { SettingsError } from '../../../worker/config/settings-error.js';

/** A valid environment; tests change one thing of it. */
export const VALID_ENV = {
  INTACCT_SENDER_ID: 'acme_sender',
  INTACCT_SENDER_PASSWORD: 'sender-pass-1',
  INTACCT_COMPANY_ID: 'acme',
  INTACCT_USER_ID: 'triggers_isu',
  INTACCT_USER_PASSWORD: 'user-pass-2',
  INTACCT_OBJECTS: 'CUSTOMER',
};

type Env = Readonly<Record<string, string | undefined>>;

export function load(env: Env, files: Readonly<Record<string, string>> = {}) {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) {
      throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
    }
    return text;
  };
  return loadSettings({ env, readFile });
}

/** The problems that these changes to a valid environment cause; none when it loads. */
export function problemsWith(change: Env, files: Readonly<Record<string, string>> = {}): readonly string[] {
  return problemsOf({ ...VALID_ENV, ...change }, files);
}

export function problemsOf(env: Env, files: Readonly<Record<string, string>> = {}): readonly string[] {
  try {
    load(env, files);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) {
      return error.problems;
    }
    throw error;
  }
}

export const VALID_FILE = `
connections:
  - name: acme
    senderId: sender
    senderPassword: sender-pass-1
    companyId: acme
    userId: triggers_isu
    userPassword: user-pass-2
    triggers:
      - object: CUSTOMER
`;

/** Loads the file of the text that is given, with this environment beside it. */
export function loadFile(text: string, env: Env = {}) {
  return load({ CONFIG_FILE: 'worker.yaml', ...env }, { 'worker.yaml': text });
}

export function problemsOfFile(text: string, env: Env = {}): readonly string[] {
  return problemsOf({ CONFIG_FILE: 'worker.yaml', ...env }, { 'worker.yaml': text });
}
