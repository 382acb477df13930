// Which rows of a long list are in the page: those that are seen, and some before and behind.

export type RowWindow = { readonly first: number; readonly end: number }

/** `top`: how far the first row is above the upper edge of what is seen; negative: below it. */
export function visibleRows(options: {
  readonly top: number
  readonly heightSeen: number
  readonly rowHeight: number
  readonly count: number
  readonly beside: number
}): RowWindow {
  const { top, heightSeen, rowHeight, count, beside } = options
  const first = Math.floor(Math.max(0, top) / rowHeight) - beside
  const end = Math.ceil(Math.max(0, top + heightSeen) / rowHeight) + beside
  return {
    first: Math.min(Math.max(0, first), count),
    end: Math.min(Math.max(0, end), count),
  }
}
