// Paths with `%d`, `%n` and `%u`, as Dovecot's `mail_location` has them: what there is that fits, and whose it is.

import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { domainToASCII } from 'node:url'

const variable = /%([dnu])/g

export const isPattern = (path: string) => /%[dnu]/.test(path)

/** `%u` the whole address, `%n` before and `%d` behind the `@`. */
export function pathOf(pattern: string, address: string): string {
  const at = address.lastIndexOf('@')
  const values: { readonly [letter: string]: string } = {
    u: address,
    n: address.slice(0, at),
    d: address.slice(at + 1),
  }
  return pattern.replace(variable, (_, letter: string) => values[letter] ?? '')
}

/** Where the mailbox of an address is, or would be. Other systems write its domain in ASCII (RFC 5891). */
export async function placeOf(
  pattern: string,
  address: string,
): Promise<{ readonly path: string; readonly isThere: boolean }> {
  const at = address.lastIndexOf('@') + 1
  const ascii = address.slice(0, at) + domainToASCII(address.slice(at))
  for (const spelled of new Set([address, ascii])) {
    const path = pathOf(pattern, spelled)
    const stats = await stat(path).catch(() => undefined)
    if (stats !== undefined) return { path, isThere: true }
  }
  return { path: pathOf(pattern, ascii), isThere: false }
}

/** Found at most; more is no mail system but a wrong pattern. */
export const MATCHES_MAX = 200_000

/** Every folder that fits, with the address that it belongs to by its path. */
export async function foldersOf(
  pattern: string,
): Promise<readonly { readonly address: string; readonly path: string }[]> {
  let found: readonly Match[] = [{ path: '/', values: {} }]
  for (const part of resolve(pattern).split('/').filter(Boolean)) {
    found = (await Promise.all(found.map((match) => step(match, part))))
      .flat()
      .slice(0, MATCHES_MAX)
  }
  return found.flatMap(({ path, values: { u, n, d } }) => {
    const address = u ?? (n === undefined || d === undefined ? undefined : `${n}@${d}`)
    return address === undefined ? [] : [{ address, path }]
  })
}

type Match = {
  readonly path: string
  readonly values: { readonly u?: string; readonly n?: string; readonly d?: string }
}

async function step({ path, values }: Match, part: string): Promise<readonly Match[]> {
  if (!isPattern(part)) {
    const next = join(path, part)
    const stats = await stat(next).catch(() => undefined)
    return stats?.isDirectory() ? [{ path: next, values }] : []
  }
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.flatMap((entry) => {
    if (!entry.isDirectory() || entry.name.startsWith('.')) return []
    const found = valuesOf(part, entry.name)
    const isSame =
      found &&
      Object.entries(found).every(
        ([name, value]) => known(values, name) === undefined || known(values, name) === value,
      )
    return found && isSame
      ? [{ path: join(path, entry.name), values: { ...values, ...found } }]
      : []
  })
}

const known = (values: Match['values'], name: string) =>
  Object.entries(values).find(([one]) => one === name)?.[1]

/** What the variables of one part of a path stand for in a name; each is as short as it can be. */
function valuesOf(part: string, name: string): Match['values'] | undefined {
  const [begin = '', ...rest] = part.split(variable)
  if (!name.startsWith(begin)) return undefined
  const values: { [letter: string]: string } = {}
  let at = begin.length
  for (let i = 0; i < rest.length; i += 2) {
    const [letter = '', text = ''] = [rest[i], rest[i + 1]]
    const isLast = i + 2 >= rest.length
    const end = isLast ? name.length - text.length : name.indexOf(text, at)
    if (end <= at || name.slice(end, end + text.length) !== text) return undefined
    values[letter] = name.slice(at, end)
    at = end + text.length
  }
  return values
}
