// A list of mailboxes at another server: CSV with a heading, in any order of its columns.

import type { ImapLogin } from '#shared/moving/mailboxes/imap/session.ts'
import { CommandFailure } from '../failure.ts'

export type SourceLogin = {
  readonly address: string
  readonly login: string
  readonly secret: Exclude<ImapLogin['secret'], { readonly kind: 'admin' }> | undefined
}

const columns = ['address', 'login', 'password', 'token'] as const

export function readLogins(text: string): readonly SourceLogin[] {
  const [heading, ...rows] = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  const names = cells(heading ?? '', 1)
  const unknown = names.find((name) => !columns.some((column) => column === name))
  if (!names.includes('address') || unknown !== undefined) {
    const said = unknown === undefined ? "no column 'address'" : `a column '${unknown}'`
    throw new CommandFailure(`the heading has ${said}; it may name ${columns.join(', ')}`, 'data')
  }
  return rows.map((line, i) => {
    const row = cells(line, i + 2)
    const cell = (name: (typeof columns)[number]) => row[names.indexOf(name)] || undefined
    const address = cell('address')
    if (address === undefined || row.length > names.length) {
      throw new CommandFailure(
        `row ${i + 2}: ${address === undefined ? 'no address' : 'more cells than columns'}`,
        'data',
      )
    }
    const [password, token] = [cell('password'), cell('token')]
    const secret =
      token !== undefined
        ? { kind: 'token' as const, token }
        : password !== undefined
          ? { kind: 'password' as const, password }
          : undefined
    return { address, login: cell('login') ?? address, secret }
  })
}

/** RFC 4180 §2: a cell in quotes may have commas, and quotes twice; none has a line end. */
function cells(line: string, row: number): readonly string[] {
  const found: string[] = []
  let at = 0
  for (;;) {
    if (line[at] === '"') {
      let cell = ''
      for (at++; ; ) {
        const end = line.indexOf('"', at)
        if (end < 0) throw new CommandFailure(`row ${row}: a quote is not closed`, 'data')
        cell += line.slice(at, end)
        at = end + 1
        if (line[at] !== '"') break
        cell += '"'
        at++
      }
      found.push(cell)
    } else {
      const comma = line.indexOf(',', at)
      const end = comma < 0 ? line.length : comma
      found.push(line.slice(at, end).trim())
      at = end
    }
    if (line[at] !== ',') break
    at++
  }
  return found
}
