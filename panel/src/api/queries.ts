// What each view asks for. What comes by itself is not asked for again; the rest is polled, seldom.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { append } from '../figures/series';
import type { Asked, PathOf, Told } from './calls';
import { get } from './client';
import { useIsTold } from './live';
import type * as api from './types';

/** Where nothing comes by itself: often enough to see a viewer come and go, seldom enough to be free. */
const POLL_MILLISECONDS = 2000;

/** A configuration changes when a person changes it. */
const SELDOM_MILLISECONDS = 30_000;

/** Charts move by pixels. */
const SERIES_MILLISECONDS = 2000;

/** Points of a chart that are kept: five minutes of seconds, or an hour of tens of them, and some. */
const POINTS_MAX = 400;

/** Rows of a page of a log. */
export const PAGE_ROWS = 100;

function useTold<P extends PathOf<'get'>>(topic: string, key: readonly string[], path: P, asked: Asked<'get', P>, enabled = true) {
  const told = useIsTold(topic);
  return useQuery<Told<P>>({
    queryKey: key,
    enabled,
    queryFn: ({ signal }) => get(path, asked, signal),
    refetchInterval: told ? false : POLL_MILLISECONDS,
    staleTime: told ? Infinity : 0,
  });
}

export const useOverview = () => useTold('overview', ['overview'], '/api/v1/overview', {});
export const useChannels = () => useTold('channels', ['channels'], '/api/v1/channels', {});
export const useEngines = () => useTold('engines', ['engines'], '/api/v1/engines', {});

/** A channel that does not run is not asked for. */
export const useChannel = (key: string | undefined) =>
  useTold(`channel:${key}`, ['channel', key ?? ''], '/api/v1/channels/{key}', { path: { key: key ?? '' } }, key !== undefined);

/** What is told before it is written to the disk is found there soon after. */
const SOON_MILLISECONDS = 5000;

function useSeldom<P extends PathOf<'get'>>(key: readonly unknown[], path: P, asked: Asked<'get', P>, every = SELDOM_MILLISECONDS) {
  return useQuery<Told<P>>({
    queryKey: key,
    queryFn: ({ signal }) => get(path, asked, signal),
    refetchInterval: every,
    placeholderData: keepPreviousData,
  });
}

export const useSources = () => useSeldom(['sources'], '/api/v1/sources', {});
export const useSettings = () => useSeldom(['settings'], '/api/v1/settings', {});
export const useSettingsHistory = () => useSeldom(['settings', 'history'], '/api/v1/settings/history', { query: { limit: 20 } });
export const useWebhooks = () => useSeldom(['webhooks'], '/api/v1/webhooks', {}, SOON_MILLISECONDS);
export const useDeliveries = (id: string) =>
  useSeldom(['webhooks', id, 'deliveries'], '/api/v1/webhooks/{id}/deliveries', { path: { id }, query: { limit: 20 } }, SOON_MILLISECONDS);
export const useLoopDetection = () => useSeldom(['loops', 'config'], '/stream-loop-detection/config', {});
export const useLooping = () => useSeldom(['loops', 'list'], '/looping-streams', {});
export const useEnded = (offset: number, every = SOON_MILLISECONDS) =>
  useSeldom(['ended', offset], '/api/v1/streams/ended', { query: { limit: PAGE_ROWS, offset } }, every);

type EventFilter = NonNullable<Asked<'get', '/events'>['query']>;

export const useEvents = (filter: EventFilter) => useSeldom(['events', filter], '/events', { query: { limit: PAGE_ROWS, ...filter } });

/** News that came since the page was opened, newest first. */
export function useNews(): api.News[] {
  const { data } = useQuery<api.News[]>({ queryKey: ['news'], queryFn: () => [], staleTime: Infinity, gcTime: Infinity });
  return data ?? NO_NEWS;
}

const NO_NEWS: api.News[] = [];

export type Range = 'minutes' | 'hour';

const HOUR_MILLISECONDS = 3_600_000;

/** Points of an hour are ten seconds apart. */
const HOUR_SERIES_MILLISECONDS = 10_000;

interface Series<Point> {
  interval_seconds: number;
  points: Point[];
}

/** Of minutes, at first all points there are, then only what is new; an hour is asked for as a whole. */
function useSeries<Point extends { at: string }>(
  name: readonly string[],
  range: Range,
  ask: (since: string | undefined, signal: AbortSignal) => Promise<Series<Point>>,
) {
  const key = [...name, range];
  return useQuery<Series<Point>>({
    queryKey: key,
    queryFn: async ({ signal, client }) => {
      const before = range === 'minutes' ? client.getQueryData<Series<Point>>(key)?.points : undefined;
      const since = range === 'minutes' ? before?.at(-1)?.at : new Date(Date.now() - HOUR_MILLISECONDS).toISOString();
      const more = await ask(since, signal);
      return { ...more, points: append(before ?? [], more.points, POINTS_MAX) };
    },
    refetchInterval: range === 'minutes' ? SERIES_MILLISECONDS : HOUR_SERIES_MILLISECONDS,
    structuralSharing: false,
    placeholderData: keepPreviousData,
  });
}

export const useOverviewSeries = (range: Range) =>
  useSeries(['overview', 'series'], range, (since, signal) => get('/api/v1/overview/series', { query: { since } }, signal));
export const useBufferSeries = (key: string, range: Range) =>
  useSeries(['channel', key, 'buffer'], range, (since, signal) => get('/api/v1/channels/{key}/buffer', { path: { key }, query: { since } }, signal));
