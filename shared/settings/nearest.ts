// Guesses which setting somebody meant: Postfix and Dovecot spellings, other ways of writing the same words, typing errors,
// a group left out.

import type { Setting } from './setting.ts'

/** Settings that were, as `plain` writes them, and what does their work now. */
const formerPaths: ReadonlyMap<string, string> = new Map([
  ['mtastslisten', 'listeners.https.address'],
  ['mtastsport', 'listeners.https.port'],
  ['mtaststls', 'listeners.https.enabled'],
])

/** Typing errors that still count as near, as a share of the length. */
const DISTANCE_SHARE_MAX = 0.34

export function nearestPath(
  key: string,
  settingsByPath: ReadonlyMap<string, Setting<unknown>>,
): string | undefined {
  const wanted = plain(key)
  const former = formerPaths.get(wanted)
  if (former !== undefined && settingsByPath.has(former)) return former
  let best: { path: string; distance: number } | undefined
  for (const [path, { facts }] of settingsByPath) {
    const { postfix = '', dovecot = '' } = facts.known ?? {}
    const spellings = [path, postfix, dovecot].map(plain)
    for (const spelling of spellings) {
      const isEnd = wanted.length >= END_LENGTH_MIN && spelling.endsWith(wanted)
      const distance = isEnd ? 0 : editDistance(wanted, spelling)
      if (distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { path, distance }
    }
  }
  return best && best.distance <= wanted.length * DISTANCE_SHARE_MAX ? best.path : undefined
}

/** The one that somebody meant who wrote this. */
export function nearestName(text: string, names: Iterable<string>): string | undefined {
  const wanted = plain(text)
  let best: { name: string; distance: number } | undefined
  for (const name of names) {
    const distance = editDistance(wanted, plain(name))
    if (distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { name, distance }
  }
  return best && best.distance <= wanted.length * DISTANCE_SHARE_MAX ? best.name : undefined
}

/** `message_size_limit`, `MESSAGE-SIZE-LIMIT` and `messageSizeLimit` are the same words. */
function plain(key: string): string {
  return key
    .toLowerCase()
    .replace(/^postwolke_/, '')
    .replace(/[^a-z0-9]/g, '')
    .slice(0, KEY_LENGTH_MAX)
}

const KEY_LENGTH_MAX = 100
/** A few letters are the end of anything. */
const END_LENGTH_MIN = 4

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
