// A list of any length: rows that are seen are in the page and no others, the page itself scrolls, and the keyboard reaches all of them.
//
// Implementation notes: rows stand at their place by a transform, so that the row which has the focus may stay in the page when it is
// scrolled out of sight. Heights are those of styles/table.css.

import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { formatCount } from './format.tsx'
import { t } from './language.ts'
import { navigate } from './location.ts'
import { Menu, type MenuItem } from './menu.tsx'
import { Failed, Skeleton } from './panel.tsx'
import type { Selection } from './selection.ts'
import { useShortcuts } from './shortcuts.ts'
import { type RowWindow, visibleRows } from './window.ts'

export type Column<Row> = {
  readonly key: string
  readonly title: string
  readonly cell: (row: Row) => ComponentChildren
  /** Of CSS grid: '2fr', 'minmax(0, 1fr)', '7rem'. */
  readonly width: string
  readonly isNumber?: boolean
  /** On a phone: beside the first column's value, below it, or not at all. */
  readonly onPhone?: 'main' | 'below' | 'beside' | 'no'
}

const BESIDE = 8
const ROW = 36
const ROW_ON_PHONE = 56
/** So many rows before the end more are asked for. */
const AHEAD = 60
const PHONE = '(max-width: 719px)'

export function Table<Row>({
  label,
  columns,
  rows,
  keyOf,
  hrefOf,
  actions,
  selection,
  list,
  total,
  empty,
}: {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly hrefOf?: (row: Row) => string
  readonly actions?: (row: Row) => readonly MenuItem[]
  readonly selection?: Selection
  /** Of a list that is read in windows. */
  readonly list?: {
    readonly hasMore: boolean
    readonly isLoading: boolean
    readonly failure: unknown
    readonly atMs: number | undefined
    readonly more: () => void
    readonly reload: () => void
  }
  /** How many there are in all, where that is known. */
  readonly total?: number | undefined
  readonly empty: ComponentChildren
}) {
  const grid = useRef<HTMLDivElement>(null)
  const isOnPhone = useMedia(PHONE)
  const rowHeight = isOnPhone ? ROW_ON_PHONE : ROW
  const range = useRowWindow(grid, rows.length, rowHeight)
  const [current, setCurrent] = useState(0)
  const wantsFocus = useRef(false)

  useEffect(() => {
    if (list?.hasMore && range.end >= rows.length - AHEAD) list.more()
  }, [range.end, rows.length, list?.hasMore])

  const at = Math.min(current, rows.length - 1)
  const rowAt = (index: number) =>
    grid.current?.querySelector<HTMLElement>(`[data-index="${index}"]`)
  const go = (to: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, to))
    setCurrent(next)
    reveal(grid.current, next, rowHeight)
    const row = rowAt(next)
    // What is far away comes into the page first.
    wantsFocus.current = !row
    row?.focus({ preventScroll: true })
  }
  useLayoutEffect(() => {
    if (!wantsFocus.current) return
    const row = rowAt(at)
    if (!row) return
    wantsFocus.current = false
    row.focus({ preventScroll: true })
  })
  const isIn = () => grid.current?.contains(document.activeElement) === true
  const step = (by: number) => () => go(isIn() ? at + by : at)
  const currentRow = rows[at]
  const keysOfRows = () => rows.map(keyOf)
  useShortcuts({
    j: step(1),
    k: step(-1),
    ...(selection && {
      x: () => currentRow && selection.toggle(keyOf(currentRow)),
      'Shift+x': () => currentRow && selection.extendTo(keyOf(currentRow), keysOfRows()),
    }),
    ...(list && { r: () => list.reload() }),
    ...(actions && {
      '.': () =>
        grid.current?.querySelector<HTMLElement>(`[data-index="${at}"] .menu > button`)?.click(),
    }),
  })
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLElement && event.target.closest('.menu') !== null) return
    const page = Math.max(1, Math.floor(window.innerHeight / rowHeight) - 4)
    const moves: { readonly [key: string]: number } = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    }
    const to = moves[event.key]
    if (to !== undefined) go(to)
    else if (event.key === 'Enter' && hrefOf && currentRow) {
      // On the row itself: what stands in it has its own.
      const isRow = event.target instanceof HTMLElement && event.target.hasAttribute('data-index')
      if (!isRow) return
      void navigate(hrefOf(currentRow))
    } else if (event.key === ' ' && selection && currentRow) {
      if (event.target instanceof HTMLInputElement) return
      selection.toggle(keyOf(currentRow))
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  if (rows.length === 0) {
    if (list?.failure !== undefined) return <Failed failure={list.failure} retry={list.reload} />
    return list?.isLoading ? <Skeleton lines={8} /> : empty
  }
  const indexes = Array.from({ length: range.end - range.first }, (_, i) => range.first + i)
  if (at >= 0 && !indexes.includes(at)) indexes.push(at)
  const template = [
    ...(selection ? ['2.25rem'] : []),
    ...columns.map(({ width }) => width),
    ...(actions ? ['2.5rem'] : []),
  ].join(' ')
  return (
    <div class="table-box">
      {list?.failure !== undefined && (
        <Failed failure={list.failure} retry={list.reload} lastGoodMs={list.atMs} />
      )}
      <div
        ref={grid}
        class={`table ${isOnPhone ? 'phone' : ''} ${selection ? 'selecting' : ''}`}
        role="grid"
        aria-label={label}
        aria-rowcount={list?.hasMore ? (total === undefined ? -1 : total + 1) : rows.length + 1}
        aria-multiselectable={selection ? true : undefined}
        style={{ '--columns': template }}
        onKeyDown={onKeyDown}
      >
        <div class="row head" role="row" aria-rowindex={1}>
          {selection && (
            <div role="columnheader" class="pick">
              <input
                type="checkbox"
                aria-label={t('table.selectAll')}
                checked={rows.every((row) => selection.has(keyOf(row)))}
                onChange={(event) =>
                  event.currentTarget.checked ? selection.addAll(keysOfRows()) : selection.clear()
                }
              />
            </div>
          )}
          {columns.map(({ key, title, isNumber }) => (
            <div key={key} role="columnheader" class={isNumber ? 'number' : ''}>
              {title}
            </div>
          ))}
          {actions && (
            <div role="columnheader">
              <span class="unseen">{t('table.actions')}</span>
            </div>
          )}
        </div>
        <div
          class={
            list?.isLoading && list.atMs !== undefined && !list.hasMore ? 'rows dimmed' : 'rows'
          }
          role="rowgroup"
          style={{ height: `${rows.length * rowHeight}px` }}
        >
          {indexes.map((index) => {
            const row = rows[index]
            if (row === undefined) return null
            const key = keyOf(row)
            const isSelected = selection?.has(key)
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
              <div
                key={key}
                class={`row ${isSelected ? 'selected' : ''}`}
                role="row"
                aria-rowindex={index + 2}
                aria-selected={selection ? isSelected : undefined}
                tabIndex={index === at ? 0 : -1}
                data-index={index}
                style={{ transform: `translateY(${index * rowHeight}px)` }}
                onFocus={() => setCurrent(index)}
                onClick={(event) => {
                  if (!(event.target instanceof HTMLElement)) return
                  if (event.target.closest('a, button, input, label, .menu') !== null) return
                  if ((window.getSelection()?.toString() ?? '') !== '') return
                  if (hrefOf) void navigate(hrefOf(row))
                }}
              >
                {selection && (
                  <div role="gridcell" class="pick">
                    <input
                      type="checkbox"
                      tabIndex={-1}
                      aria-label={t('table.select', { what: key })}
                      checked={isSelected}
                      onClick={(event) => {
                        if (event.shiftKey) selection.extendTo(key, keysOfRows())
                        else selection.toggle(key)
                      }}
                    />
                  </div>
                )}
                {columns.map(({ key: column, cell, isNumber, onPhone = 'no' }, i) => (
                  <div
                    key={column}
                    role="gridcell"
                    class={`${isNumber ? 'number' : ''} on-phone-${i === 0 ? 'main' : onPhone}`}
                  >
                    {i === 0 && hrefOf ? (
                      <a class="row-link" href={hrefOf(row)} tabIndex={-1}>
                        {cell(row)}
                      </a>
                    ) : (
                      cell(row)
                    )}
                  </div>
                ))}
                {actions && (
                  <div role="gridcell" class="row-actions">
                    <Menu
                      label={t('table.actionsOf', { what: key })}
                      items={actions(row)}
                      isIconOnly
                    />
                  </div>
                )}
              </div>
            )
          })}
        </div>
      </div>
      <p class="meta table-foot" role="status">
        {list?.isLoading
          ? t('state.loading')
          : countText(rows.length, list?.hasMore === true, total)}
      </p>
    </div>
  )
}

function countText(shown: number, hasMore: boolean, total: number | undefined): string {
  if (total !== undefined && total > shown) {
    return t('table.shownOf', { shown: formatCount(shown), total: formatCount(total) })
  }
  return hasMore ? t('table.moreThan', { count: shown }) : t('table.count', { count: shown })
}

/** Below the bar, above the foot. */
function reveal(grid: HTMLElement | null, index: number, rowHeight: number): void {
  const rows = grid?.querySelector('.rows')
  if (!rows) return
  const top = rows.getBoundingClientRect().top + index * rowHeight
  const margin = 3 * rowHeight
  if (top < margin) window.scrollBy(0, top - margin)
  else if (top > window.innerHeight - margin) window.scrollBy(0, top - window.innerHeight + margin)
}

function useRowWindow(
  grid: { readonly current: HTMLElement | null },
  count: number,
  rowHeight: number,
): RowWindow {
  const [range, setRange] = useState<RowWindow>({ first: 0, end: Math.min(count, 60) })
  useLayoutEffect(() => {
    const measure = () => {
      const rows = grid.current?.querySelector('.rows')
      const top = rows ? -rows.getBoundingClientRect().top : 0
      const next = visibleRows({
        top,
        heightSeen: window.innerHeight,
        rowHeight,
        count,
        beside: BESIDE,
      })
      setRange((before) => (before.first === next.first && before.end === next.end ? before : next))
    }
    measure()
    window.addEventListener('scroll', measure, { passive: true })
    window.addEventListener('resize', measure)
    return () => {
      window.removeEventListener('scroll', measure)
      window.removeEventListener('resize', measure)
    }
  }, [count, rowHeight])
  return { first: Math.min(range.first, count), end: Math.min(range.end, count) }
}

export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches)
  useEffect(() => {
    const media = window.matchMedia(query)
    const change = () => setMatches(media.matches)
    media.addEventListener('change', change)
    return () => media.removeEventListener('change', change)
  }, [query])
  return matches
}
