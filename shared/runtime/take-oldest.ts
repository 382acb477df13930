// The end of memories that are bounded: what was put into a map longest ago makes room. A map keeps the places of what was deleted until it
// is built anew, and whoever asks for its first entry walks over them: 50 µs with 50,000 entries, for each stranger who is new. So some
// go at a time.

/** Of so many entries one goes at a time, of fewer each by itself. */
const PART = 100

/**
 * Where there are more than `max`, takes away those that were put in longest ago. Whoever touches an entry deletes it and puts it in
 * again.
 */
export function takeOldest<K, V>(map: Map<K, V>, max: number): readonly (readonly [K, V])[] {
  const taken: (readonly [K, V])[] = []
  if (map.size <= max) return taken
  const kept = max - Math.floor(max / PART)
  for (const entry of map) {
    if (map.size <= kept) break
    map.delete(entry[0])
    taken.push(entry)
  }
  return taken
}
