// Rows from one to another.

/** Both ends too. */
export function between(order: readonly string[], one: string, other: string): readonly string[] {
  const from = order.indexOf(one)
  const to = order.indexOf(other)
  if (from === -1 || to === -1) return [other]
  return order.slice(Math.min(from, to), Math.max(from, to) + 1)
}
