// What Weir tells by itself: one connection, whose messages replace what was asked for before. It renders nothing.
import type { QueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { backoff } from './backoff';
import { address } from './client';
import type { ChannelDetail, News } from './types';

export type Phase = 'connecting' | 'open' | 'lost';

/** News kept for views that open later. */
const NEWS_MAX = 200;

/** A tab that nobody sees gives its place up, but not for a glance at another one. */
const HIDDEN_MILLISECONDS_MAX = 20_000;

let phase: Phase = 'connecting';
let topicsOpen: readonly string[] = [];
const listeners = new Set<() => void>();

function enter(next: Phase, topics: readonly string[]) {
  phase = next;
  topicsOpen = topics;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function usePhase(): Phase {
  return useSyncExternalStore(subscribe, () => phase);
}

/** Whether this topic comes by itself now; if not, whoever needs it has to ask. */
export function useIsTold(topic: string): boolean {
  return useSyncExternalStore(subscribe, () => phase === 'open' && topicsOpen.includes(topic));
}

/** Keeps the connection open for these topics, as long as the page is seen. */
export function useLive(queries: QueryClient, topics: readonly string[]) {
  const list = topics.join(',');
  useEffect(() => {
    const connection = new Connection(queries, list.split(','));
    return () => connection.end();
  }, [queries, list]);
}

/** The newest news that was seen, over connections: the next one goes on behind it. */
let newest: number | undefined;

class Connection {
  private source: EventSource | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private readonly onVisibility = () => this.followVisibility();

  constructor(
    private readonly queries: QueryClient,
    private readonly topics: readonly string[],
  ) {
    document.addEventListener('visibilitychange', this.onVisibility);
    this.open();
  }

  end() {
    document.removeEventListener('visibilitychange', this.onVisibility);
    clearTimeout(this.timer);
    this.source?.close();
  }

  private open() {
    const query = { topics: this.topics.join(','), last_event_id: newest };
    const source = new EventSource(address('/api/v1/events/stream', { query }));
    this.source = source;
    source.onopen = () => {
      // What could not be had while Weir was away is asked for again, and what changed meanwhile.
      if (0 < this.failures) void this.queries.invalidateQueries();
      this.failures = 0;
      enter('open', this.topics);
    };
    source.onerror = () => this.retry();
    const on = (name: string, take: (data: unknown, id: string) => void) =>
      source.addEventListener(name, (event: MessageEvent<string>) => take(JSON.parse(event.data), event.lastEventId));
    for (const name of ['channels', 'engines', 'overview']) on(name, (data) => this.queries.setQueryData([name], data));
    on('channel', (data) => {
      // Of a channel that does not run there is nothing to show.
      const { key, window } = data as Partial<ChannelDetail>;
      if (key !== undefined && window) this.queries.setQueryData(['channel', key], data);
    });
    on('news', (data, id) => {
      newest = Number(id) || newest;
      this.tell(data as News);
    });
    on('resync', () => void this.queries.invalidateQueries({ queryKey: ['events'] }));
  }

  private tell(news: News) {
    this.queries.setQueryData<News[]>(['news'], (before = []) => {
      const others = before.filter((it) => it.id !== news.id);
      return [news, ...others].slice(0, NEWS_MAX);
    });
    const stale = STALE[news.event_type.split('_')[0] ?? ''];
    if (stale) void this.queries.invalidateQueries({ queryKey: [stale] });
  }

  private retry() {
    this.source?.close();
    enter('lost', []);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), backoff(this.failures, Math.random()));
    this.failures += 1;
  }

  private followVisibility() {
    clearTimeout(this.timer);
    if (document.visibilityState === 'hidden') {
      this.timer = setTimeout(() => {
        this.source?.close();
        enter('connecting', []);
      }, HIDDEN_MILLISECONDS_MAX);
    } else if (this.source?.readyState !== EventSource.OPEN) {
      this.source?.close();
      this.open();
    }
  }
}

/** What is asked for again when news of a kind comes. */
const STALE: Record<string, string> = { settings: 'settings', stream: 'ended', webhook: 'webhooks' };
