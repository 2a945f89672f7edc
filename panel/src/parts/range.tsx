// How far back charts look.
import type { Range } from '../api/queries';

const NAMES: Record<Range, string> = { minutes: 'Minutes', hour: 'Hour' };

export function RangeChoice({ range, onRange }: { range: Range; onRange: (range: Range) => void }) {
  return (
    <div class="choice" role="group" aria-label="How far back">
      {(Object.keys(NAMES) as Range[]).map((it) => (
        <button key={it} type="button" aria-pressed={it === range} onClick={() => onRange(it)}>{NAMES[it]}</button>
      ))}
    </div>
  );
}
