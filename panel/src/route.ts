// Where in the panel one is: the part of the address behind the #, so that any path before it will do.
import { useSyncExternalStore } from 'react';

export const PAGES = ['overview', 'streams', 'engines', 'events', 'metrics', 'settings'] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  page: Page;
  /** What is opened on that page: a channel, an engine, a section. */
  item?: string;
  query: URLSearchParams;
}

/** Reads `#/streams/KEY?play=hls`; whatever is no page leads to the first one. */
export function parse(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const [first = '', ...rest] = path.split('/');
  const page = PAGES.find((it) => it === first) ?? 'overview';
  const item = unescape(rest.join('/'));
  return { page, query: new URLSearchParams(search), ...(item && page === first ? { item } : {}) };
}

/** The address of a place in the panel. */
export function to(page: Page, item?: string, query: Record<string, string> = {}): string {
  const path = item === undefined ? page : `${page}/${encodeURIComponent(item)}`;
  const search = new URLSearchParams(query).toString();
  return `#/${path}${search && `?${search}`}`;
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function subscribe(listener: () => void) {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export function useHash(): string {
  return useSyncExternalStore(subscribe, () => location.hash);
}

export function go(hash: string) {
  location.hash = hash;
}
