// A chart over time, drawn by uPlot, which is loaded with the first one. The legend below says the newest values as text.
import { useEffect, useRef } from 'react';
import type uPlot from 'uplot';
import type { Column } from '../figures/series';

export interface Line {
  name: string;
  /** A variable of the page's colours. */
  color: string;
  fill?: boolean;
  format: (value: number | null | undefined) => string;
}

interface Props {
  title: string;
  data: [number[], ...Column[]];
  lines: Line[];
}

const HEIGHT = 150;

/** Numbers of the axis have room for “820 kbit/s”. */
const AXIS_WIDTH = 74;

const TIMES_HEIGHT = 24;

/** The pointer over one chart marks the same time in all of them. */
const SYNC = 'weir';

export function Chart({ title, data, lines }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const newest = useRef(data);
  newest.current = data;
  const names = lines.map((line) => line.name).join();

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    let isOver = false;
    const draw = async () => {
      const { default: UPlot } = await import('./uplot');
      if (isOver) return;
      plot.current?.destroy();
      plot.current = new UPlot(options(lines, element), newest.current, element);
    };
    void draw();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      isOver = true;
      resized.disconnect();
      scheme.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
    // A chart is drawn anew when its lines are others; their formats never change.
  }, [names]);

  useEffect(() => plot.current?.setData(data), [data]);

  const last = (index: number) => [...(data[index + 1] ?? [])].reverse().find((value) => value != null);
  const told = lines.map((line, index) => `${line.name} ${line.format(last(index))}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        <span class="title">{title}</span>
        <span class="legend">
          {lines.map((line, index) => (
            <span key={line.name}>
              <i style={{ background: `var(${line.color})` }} aria-hidden="true" />
              {line.name} <b>{line.format(last(index))}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} class="plot" role="img" aria-label={`${title} over time. Now: ${told}`} />
    </figure>
  );
}

function options(lines: Line[], element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: `11px ${style.fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, size: TIMES_HEIGHT, space: 70, values: (_plot, times) => times.map((time) => timeOfDay(time)) },
      { ...axis, size: AXIS_WIDTH, space: 36, values: (_plot, values) => values.map((value) => lines[0]?.format(value) ?? '') },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.name,
        stroke: colour(line.color),
        width: 1.5,
        points: { show: false },
        ...(line.fill ? { fill: `${colour(line.color)}22` } : {}),
      })),
    ],
  };
}

function timeOfDay(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
}
