// The figures of the whole service over time, and where monitoring gets them.
import { useMemo, useState } from 'react';
import { address } from '../api/client';
import { type Range, useChannels, useOverview, useOverviewSeries } from '../api/queries';
import { duration, number, rate, seconds } from '../figures/format';
import { columns } from '../figures/series';
import { Chart, type Line } from '../parts/chart';
import { Link } from '../parts/link';
import { RangeChoice } from '../parts/range';
import { Answer, Card, Fact } from '../parts/small';

const RATES: Line[] = [
  { name: 'in', color: '--line-1', fill: true, format: rate },
  { name: 'out', color: '--line-2', format: rate },
];
const PEOPLE: Line[] = [
  { name: 'viewers', color: '--line-1', fill: true, format: number },
  { name: 'streams', color: '--line-2', format: number },
];
const BUFFER: Line[] = [{ name: 'thinnest buffer', color: '--line-1', fill: true, format: seconds }];
const ENGINES: Line[] = [{ name: 'healthy engines', color: '--line-1', fill: true, format: number }];

export function Metrics() {
  const overview = useOverview();
  const [range, setRange] = useState<Range>('hour');
  const query = useOverviewSeries(range);
  const data = useMemo(() => {
    const { points = [], interval_seconds: interval = 1 } = query.data ?? {};
    return {
      rates: columns(points, interval, [(it) => it.in_bps, (it) => it.out_bps]),
      people: columns(points, interval, [(it) => it.viewers, (it) => it.channels]),
      buffer: columns(points, interval, [(it) => it.buffer_seconds_min]),
      engines: columns(points, interval, [(it) => it.engines_healthy]),
    };
  }, [query.data]);
  return (
    <>
      <header class="head"><h1>Metrics</h1></header>
      <Card title="Over time" actions={<RangeChoice range={range} onRange={setRange} />} wide>
        <Answer query={query} what="The figures">
          {() => (
            <div class="charts">
              <Chart title="Rates" data={data.rates} lines={RATES} />
              <Chart title="Viewers and streams" data={data.people} lines={PEOPLE} />
              <Chart title="Buffer" data={data.buffer} lines={BUFFER} />
              <Chart title="Engines" data={data.engines} lines={ENGINES} />
            </div>
          )}
        </Answer>
      </Card>
      <div class="columns">
        <Card title="Now">
          <Answer query={overview} what="The figures">
            {(now) => (
              <dl class="facts">
                <Fact name="Up for">{duration(now.uptime_seconds)}</Fact>
                <Fact name="Version">{now.version}</Fact>
                <Fact name="Events waiting to be told">{number(now.events_waiting)}</Fact>
                <Fact name="Data folder">{now.disk_failing ? 'cannot be written' : 'is written'}</Fact>
                <Lost />
              </dl>
            )}
          </Answer>
        </Card>
        <Card title="For monitoring">
          <p class="quiet">Prometheus reads all figures here; a dashboard for Grafana and rules for alerts come with Weir, in <code>deploy/</code>.</p>
          <Link label="Address for Prometheus" url={address('/metrics', {}).href} />
          <p><a href={address('/metrics', {}).href}>Look at the figures</a></p>
        </Card>
      </div>
    </>
  );
}

function Lost() {
  const channels = useChannels().data?.channels ?? [];
  const sum = (figure: (it: (typeof channels)[number]) => number) => number(channels.reduce((total, it) => total + figure(it), 0));
  return (
    <>
      <Fact name="Segments lost, of what runs">{sum((it) => it.counters.segments_lost)}</Fact>
      <Fact name="Failovers, of what runs">{sum((it) => it.counters.failovers)}</Fact>
      <Fact name="Retries, of what runs">{sum((it) => it.counters.retries)}</Fact>
    </>
  );
}
