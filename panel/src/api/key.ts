// The API key: kept in this browser, sent as a header with what changes something, never in an address.

const NAME = 'weir-key';

/** Who asks the operator; a dialog sets it. The answer is whether a key was given. */
type Asker = (wasWrong: boolean) => Promise<boolean>;
let asker: Asker = () => Promise.resolve(false);

export function setAsker(next: Asker) {
  asker = next;
}

export function askForKey(wasWrong: boolean): Promise<boolean> {
  return asker(wasWrong);
}

export function readKey(): string | undefined {
  return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME) ?? undefined;
}

/** Whether the key stays when the tab is closed. */
export function isKept(): boolean {
  return localStorage.getItem(NAME) !== null;
}

export function writeKey(key: string, keep: boolean) {
  forgetKey();
  (keep ? localStorage : sessionStorage).setItem(NAME, key);
}

export function forgetKey() {
  sessionStorage.removeItem(NAME);
  localStorage.removeItem(NAME);
}
