// A small line without axes: the shape of the last minutes beside a number.

/** The path of a line through the values within a box; what is unknown leaves a hole. */
export function sparkPath(values: readonly (number | null | undefined)[], width: number, height: number): string {
  const known = values.filter((value) => value != null);
  if (known.length < 2) return '';
  // A line that never moves lies at the bottom, and is not blown up to the whole height.
  const most = Math.max(...known, Number.MIN_VALUE);
  const step = width / (values.length - 1);
  let path = '';
  let pen = 'M';
  values.forEach((value, index) => {
    if (value == null) {
      pen = 'M';
      return;
    }
    path += `${pen}${(index * step).toFixed(1)} ${(height * (1 - Math.max(0, value) / most)).toFixed(1)}`;
    pen = 'L';
  });
  return path;
}

/** At most so many values, each the mean of its share. */
export function thinned(values: readonly (number | null | undefined)[], most: number): (number | null)[] {
  const share = Math.ceil(values.length / most) || 1;
  const parts = Array.from({ length: Math.ceil(values.length / share) }, (_, index) => values.slice(index * share, (index + 1) * share));
  return parts.map((part) => {
    const known = part.filter((value) => value != null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
}
