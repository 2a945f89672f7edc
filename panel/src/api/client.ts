// The one way to Weir: requests, their errors in words, and the key where a call wants one.
import type { Asked, Change, Method, PathOf, Told } from './calls';
import { askForKey, readKey } from './key';

/** An answer that is not a 2xx, with what Weir says about it. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
    /** What Weir says of single fields. */
    readonly fields: FieldError[] = [],
  ) {
    super(detail);
  }
}

export interface FieldError {
  field: string;
  message: string;
}

/** Weir answers from memory: more than this means that it, or the way to it, is stuck. */
const ANSWER_MILLISECONDS_MAX = 10_000;

/** A change may wait for a disk or for an engine to be left. */
const CHANGE_MILLISECONDS_MAX = 30_000;

/** `{"detail": "..."}` or `{"detail": {"message": "..."}}`, the two forms in which Weir says what is wrong. */
export function detailOf(body: string): string | undefined {
  const detail = readJson(body)?.['detail'];
  if (typeof detail === 'string') return detail;
  const message = (detail as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message : undefined;
}

/** What an answer says of single fields, in any of the forms that it may have. */
export function fieldsOf(body: string): FieldError[] {
  const errors = readJson(body)?.['errors'];
  if (!Array.isArray(errors)) return [];
  return errors.filter(
    (it: Partial<FieldError> | null) => typeof it?.field === 'string' && typeof it.message === 'string',
  ) as FieldError[];
}

function readJson(body: string): Record<string, unknown> | undefined {
  try {
    return (JSON.parse(body) as Record<string, unknown> | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The service root is one level above the panel, wherever a reverse proxy has put both. */
export function serviceRoot(page: string): URL {
  return new URL('../', page);
}

/** Where all requests go; set once, when the page starts. */
let root = new URL('http://localhost/');

export function setRoot(page: string) {
  root = serviceRoot(page);
}

/** What a call is made with, whichever it is. */
interface Given {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  json?: unknown;
  text?: string;
}

/** Where something is read. */
export function address<P extends PathOf<'get'>>(path: P, asked: Asked<'get', P>): URL {
  return locate(path, asked);
}

/** Fills in what stands in braces; what is not given is not asked. */
function locate(path: string, { path: names = {}, query = {} }: Given): URL {
  const filled = path.slice(1).replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(names[name])));
  const url = new URL(filled, root);
  for (const [name, value] of Object.entries(query)) {
    if (value != null && value !== '') url.searchParams.set(name, String(value));
  }
  return url;
}

/** Reads. Few things that are read want a key; nobody is asked for it unless they want it, too. */
export async function get<P extends PathOf<'get'>>(path: P, asked: Asked<'get', P>, signal: AbortSignal): Promise<Told<P>> {
  const headers = { Accept: 'application/json', ...withHeader(readKey()) };
  const answer = await ask(address(path, asked), { signal: limited(signal, ANSWER_MILLISECONDS_MAX), headers });
  if (!answer.ok) throw await errorOf(answer);
  return (await answer.json()) as Told<P>;
}

/** Changes something. Where Weir wants a key that is not here, the operator is asked, and the call made again. */
export async function change<M extends Method, P extends PathOf<M>>(method: M, path: P, what: Change<M, P>): Promise<Response> {
  const given: Given = what;
  const { json, text } = given;
  const body = json === undefined ? text : JSON.stringify(json);
  const type = json === undefined ? 'text/plain; charset=utf-8' : 'application/json';
  return withKey((headers) =>
    ask(locate(path, given), {
      method: method.toUpperCase(),
      signal: AbortSignal.timeout(CHANGE_MILLISECONDS_MAX),
      headers: body === undefined ? headers : { ...headers, 'Content-Type': type },
      ...(body === undefined ? {} : { body }),
    }),
  );
}

/** Reads something that is protected, as it came. */
export async function download<P extends PathOf<'get'>>(path: P, asked: Asked<'get', P>): Promise<Blob> {
  const limit = () => AbortSignal.timeout(CHANGE_MILLISECONDS_MAX);
  const answer = await withKey((headers) => ask(address(path, asked), { headers, signal: limit() }));
  return answer.blob();
}

async function ask(url: URL, how: RequestInit): Promise<Response> {
  try {
    return await fetch(url, how);
  } catch (error) {
    throw inWords(error as Error);
  }
}

/** Browsers say “Failed to fetch”, each in its own way. */
export function inWords(error: Error): Error {
  if (error.name === 'TimeoutError') return new Error('Weir takes too long to answer');
  return error.name === 'TypeError' ? new Error('Weir does not answer') : error;
}

async function withKey(call: (headers: Record<string, string>) => Promise<Response>): Promise<Response> {
  for (;;) {
    const key = readKey();
    const answer = await call(withHeader(key));
    if (answer.ok) return answer;
    const error = await errorOf(answer);
    if (!isAboutKey(error) || !(await askForKey(key !== undefined))) throw error;
  }
}

function withHeader(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { Authorization: `Bearer ${key}` };
}

/** A 403 may also be about the page's origin, which no key mends. */
export function isAboutKey(error: ApiError): boolean {
  return error.status === 401 || (error.status === 403 && error.message === 'invalid token');
}

async function errorOf(answer: Response): Promise<ApiError> {
  const body = await answer.text();
  return new ApiError(answer.status, detailOf(body) ?? `Weir answered ${answer.status}`, fieldsOf(body));
}

function limited(signal: AbortSignal, milliseconds: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
}
