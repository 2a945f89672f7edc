// Tables: heads that sort, rows that keep still under the pointer. On a narrow page each row becomes a block.
import { useCallback, useRef, useState } from 'react';
import { type Direction, type Sortable, sorted, type Steady, steady } from '../figures/order';

export interface Order {
  by: string;
  direction: Direction;
}

interface HeadProps {
  column: string;
  order: Order;
  onOrder: (order: Order) => void;
  number?: boolean;
  children: string;
}

export function Head({ column, order, onOrder, number, children }: HeadProps) {
  const isIt = order.by === column;
  const next = isIt && order.direction === 'ascending' ? 'descending' : 'ascending';
  return (
    <th scope="col" class={number ? 'number' : undefined} aria-sort={isIt ? order.direction : undefined}>
      <button type="button" class="plain" onClick={() => onOrder({ by: column, direction: next })}>
        {children}
        <span aria-hidden="true" class="arrow">{isIt ? (order.direction === 'ascending' ? '▲' : '▼') : ''}</span>
      </button>
    </th>
  );
}

/** What a column is sorted by. */
export type Columns<Row> = Record<string, (row: Row) => Sortable>;

/** Sorted rows that keep their places while the pointer is over them, and what the table has to listen to. */
export function useSteady<Row>(rows: readonly Row[], columns: Columns<Row>, order: Order, key: (row: Row) => string) {
  const [held, setHeld] = useState(false);
  const shown = useRef<{ rows: Row[]; order: Order }>({ rows: [], order });
  // Who sorts anew wants to see it, wherever the pointer is.
  const isHeld = held && shown.current.order === order;
  const by = columns[order.by] ?? key;
  const placed: Steady<Row>[] = isHeld
    ? steady(shown.current.rows, rows, key)
    : sorted(rows, by, order.direction, key).map((row) => ({ row, gone: false }));
  shown.current = { rows: placed.map((it) => it.row), order };
  const onPointerEnter = useCallback((event: PointerEvent) => setHeld(event.pointerType === 'mouse'), []);
  const onPointerLeave = useCallback(() => setHeld(false), []);
  return { placed, hold: { onPointerEnter, onPointerLeave } };
}
