// Names of the machine's users, of whom Node tells only its own.

import { readFile } from 'node:fs/promises'

const PASSWD_FILE = '/etc/passwd'
/** So many are remembered, for so long: a machine has few, and they change seldom. */
const REMEMBERED_MS = 60_000

/** Undefined for who is not in the file: known from elsewhere, or gone. */
export function createUserName(now: () => number, path = PASSWD_FILE) {
  let names: Promise<ReadonlyMap<number, string>> | undefined
  let readMs = Number.NEGATIVE_INFINITY

  return async (uid: number): Promise<string | undefined> => {
    if (names === undefined || now() - readMs > REMEMBERED_MS) {
      readMs = now()
      names = readFile(path, 'utf8').then(namesIn, () => new Map())
    }
    return (await names).get(uid)
  }
}

function namesIn(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name = '', , uid = ''] = line.split(':')
    if (name !== '' && /^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), name)
  }
  return names
}
