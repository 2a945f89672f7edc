// The things that Weir tells of, by the panel's names for them. What they are is read out of the description of its API,
// `docs/openapi.json`, of which `npm run check` makes `described.ts`; what is not known is null or absent, never 0.
import type { components } from './described';

type Described = components['schemas'];

export type Channel = Described['Channel'];
export type ChannelDetail = Described['ChannelDetail'];
export type Segment = Described['Held'];
export type Viewer = Described['Viewer'];
export type Percentiles = Described['Quantiles'];
export type BufferPoint = Described['Point'];
export type Overview = Described['Overview'];
export type OverviewPoint = Described['OverviewPoint'];
export type Problem = Described['Problem'];
export type Engine = Described['EngineState'];
export type News = Described['Event'];
export type EndedStream = Described['EndedStream'];
export type Source = Described['Source'];
export type Setting = Described['Setting'];
export type SettingsChange = Described['SettingsChange'];
export type Webhook = Described['Webhook'];
export type WebhookDraft = Described['WebhookDraft'];
export type Delivery = Described['Delivery'];
export type LoopDetection = Described['LoopDetection'];
export type Exported = Described['Export'];
