// What `serve` says when it is ready, and the passwords of a first start: on a terminal they are shown this once; where the output
// is kept (a journal, a container's log) they go into a file that its owner alone can read.

import { rm, writeFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { formatEndpoint } from '#services/assembly/endpoint.ts'
import type { ListenerName } from '#services/assembly/listeners.ts'
import type { FirstAccount } from '#services/one-machine/first-start.ts'
import type { System } from '#services/one-machine/system.ts'
import { linkUrl } from './link-url.ts'
import { table } from './output.ts'

/** In the data folder. */
export const FIRST_START_FILE = 'first-start.txt'

type Started = {
  readonly system: Pick<System, 'listeners'>
  readonly directory: string
  /** Of a first start. */
  readonly accounts: readonly FirstAccount[] | undefined
  /** Of the link that makes the first owner. */
  readonly ownerSecret?: string | undefined
  readonly isTerminal: boolean
}

export async function welcome({
  system,
  directory,
  accounts,
  ownerSecret,
  isTerminal,
}: Started): Promise<string> {
  const rows = system.listeners.map((listener) => [listener.name, formatEndpoint(listener)])
  const lines = ['', `Postwolke is running on ${directory}`, '', ...indented(rows), '']
  if (accounts !== undefined) {
    const made = 'Two accounts were made'
    const instructions = [...tryIt(system, directory, accounts), ...ownerLink(system, ownerSecret)]
    if (isTerminal) lines.push(`${made}; their passwords are shown this once:`, ...instructions)
    else {
      const path = join(directory, FIRST_START_FILE)
      await writeOwnFile(path, [`${made}:`, ...instructions])
      lines.push(`${made}; their passwords, commands to try them, and the link that makes you`)
      lines.push('the owner in a browser are in', `  ${path}`)
      lines.push('which only you can read. Delete it when you have them.', '')
    }
  }
  return `${lines.join('\n')}\n`
}

async function writeOwnFile(path: string, lines: readonly string[]): Promise<void> {
  // The mode holds for a file that is made, not for one that is there.
  await rm(path, { force: true })
  await writeFile(path, `${lines.join('\n')}\n`, { mode: 0o600, flag: 'wx' })
}

function tryIt(
  system: Pick<System, 'listeners'>,
  directory: string,
  accounts: readonly FirstAccount[],
): string[] {
  const [alice, bob] = accounts
  if (alice === undefined || bob === undefined) return []
  const url = (scheme: string, name: ListenerName) => {
    const listener = system.listeners.find((one) => one.name === name)
    return listener && `${scheme}://${hostFor(listener.address)}:${listener.port}`
  }
  const smtp = url('smtp', 'submission')
  const pop3 = url('pop3s', 'pop3s')
  const send = [
    'Send a message:',
    `  printf 'From: ${alice.address}\\nTo: ${bob.address}\\nSubject: Hello\\n\\nIt works.\\n' |`,
    `    curl -sSk --ssl-reqd --crlf ${smtp} -u ${alice.address}:${alice.password} \\`,
    `      --mail-from ${alice.address} --mail-rcpt ${bob.address} -T -`,
    '',
  ]
  const read = ['Read it:', `  curl -sSk ${pop3}/1 -u ${bob.address}:${bob.password}`, '']
  return [
    ...indented(accounts.map(({ address, password }) => [address, password])),
    '',
    ...(smtp === undefined ? [] : send),
    ...(pop3 === undefined ? [] : read),
    'Look around:',
    `  npx postwolke account list --data ${shellWord(directory)}`,
    '',
  ]
}

/** Only where the console can be reached. */
function ownerLink(
  { listeners }: Pick<System, 'listeners'>,
  secret: string | undefined,
): readonly string[] {
  const https = listeners.find(({ name }) => name === 'https')
  if (https === undefined || secret === undefined) return []
  const host = `${hostFor(https.address)}:${https.port}`
  return [
    'Become its owner in a browser (once, within 24 hours):',
    `  ${linkUrl(host, secret)}`,
    '',
  ]
}

const indented = (rows: readonly (readonly string[])[]) => table(rows).map((row) => `  ${row}`)

/** A name for clients on this machine. */
function hostFor(address: string): string {
  if (['', '::', '0.0.0.0', '::1', '127.0.0.1'].includes(address)) return 'localhost'
  return isIPv6(address) ? `[${address}]` : address
}

function shellWord(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
