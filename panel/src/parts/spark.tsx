// The shape of the last minutes, beside a number that says the same in words.
import { sparkPath, thinned } from '../figures/spark';

const WIDTH = 120;
const HEIGHT = 28;

export function Spark({ values }: { values: readonly (number | null | undefined)[] }) {
  const path = sparkPath(thinned(values, WIDTH / 2), WIDTH, HEIGHT);
  return (
    <svg class="spark" viewBox={`0 -1 ${WIDTH} ${HEIGHT + 2}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {path && <path d={path} />}
    </svg>
  );
}
