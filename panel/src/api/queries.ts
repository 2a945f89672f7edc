// What each view asks for. What comes by itself is not asked for again; the rest is polled, seldom.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { append } from '../figures/series';
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

function useTold<T>(topic: string, key: readonly string[], path: string, enabled = true) {
  const told = useIsTold(topic);
  return useQuery({
    queryKey: key,
    enabled,
    queryFn: ({ signal }) => get<T>(path, {}, signal),
    refetchInterval: told ? false : POLL_MILLISECONDS,
    staleTime: told ? Infinity : 0,
  });
}

export const useOverview = () => useTold<api.Overview>('overview', ['overview'], 'api/v1/overview');
export const useChannels = () => useTold<api.Channels>('channels', ['channels'], 'api/v1/channels');
export const useEngines = () => useTold<api.Engines>('engines', ['engines'], 'api/v1/engines');

/** A channel that does not run is not asked for. */
export const useChannel = (key: string | undefined) =>
  useTold<api.ChannelDetail>(`channel:${key}`, ['channel', key ?? ''], `api/v1/channels/${encodeURIComponent(key ?? '')}`, key !== undefined);

function useSeldom<T>(key: readonly unknown[], path: string, query: Record<string, string | number | undefined> = {}) {
  return useQuery({
    queryKey: key,
    queryFn: ({ signal }) => get<T>(path, query, signal),
    refetchInterval: SELDOM_MILLISECONDS,
    placeholderData: keepPreviousData,
  });
}

export const useSources = () => useSeldom<{ sources: api.Source[] }>(['sources'], 'api/v1/sources');
export const useSettings = () => useSeldom<api.Settings>(['settings'], 'api/v1/settings');
export const useSettingsHistory = () =>
  useSeldom<{ changes: api.SettingsChange[] }>(['settings', 'history'], 'api/v1/settings/history', { limit: 20 });
export const useWebhooks = () => useSeldom<{ webhooks: api.Webhook[] }>(['webhooks'], 'api/v1/webhooks');
export const useDeliveries = (id: api.Webhook['id']) =>
  useSeldom<{ deliveries: api.Delivery[] }>(['webhooks', id, 'deliveries'], `api/v1/webhooks/${id}/deliveries`, { limit: 20 });
export const useLoopDetection = () => useSeldom<api.LoopDetection>(['loops', 'config'], 'stream-loop-detection/config');
export const useLooping = () => useSeldom<api.LoopingStreams>(['loops', 'list'], 'looping-streams');
export const useEnded = (offset: number) =>
  useSeldom<{ streams: api.EndedStream[]; total: number }>(['ended', offset], 'api/v1/streams/ended', { limit: PAGE_ROWS, offset });

export interface EventFilter {
  category?: string | undefined;
  container_id?: string | undefined;
  stream_id?: string | undefined;
  limit?: number;
}

export const useEvents = (filter: EventFilter) =>
  useSeldom<api.News[]>(['events', filter], 'events', { limit: PAGE_ROWS, ...filter });

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

/** Of minutes, at first all points there are, then only what is new; an hour is asked for as a whole. */
function useSeries<Point extends { at: string }>(name: readonly string[], path: string, range: Range) {
  const key = [...name, range];
  return useQuery<api.Series<Point>>({
    queryKey: key,
    queryFn: async ({ signal, client }) => {
      const before = range === 'minutes' ? client.getQueryData<api.Series<Point>>(key)?.points : undefined;
      const since = range === 'minutes' ? before?.at(-1)?.at : new Date(Date.now() - HOUR_MILLISECONDS).toISOString();
      const more = await get<api.Series<Point>>(path, { since }, signal);
      return { ...more, points: append(before ?? [], more.points, POINTS_MAX) };
    },
    refetchInterval: range === 'minutes' ? SERIES_MILLISECONDS : HOUR_SERIES_MILLISECONDS,
    structuralSharing: false,
    placeholderData: keepPreviousData,
  });
}

export const useOverviewSeries = (range: Range) => useSeries<api.OverviewPoint>(['overview', 'series'], 'api/v1/overview/series', range);
export const useBufferSeries = (key: string, range: Range) =>
  useSeries<api.BufferPoint>(['channel', key, 'buffer'], `api/v1/channels/${encodeURIComponent(key)}/buffer`, range);
