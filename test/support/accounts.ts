// What tests of a running server begin with: the accounts its first start made, and waiting for what it does on its own.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { FIRST_START_FILE } from '#services/cli/welcome.ts'
import { Pop3Client } from './pop3-client.ts'
import type { ServerProcess } from './server-process.ts'

export type Account = { readonly address: string; readonly password: string }

/** The accounts that the server made at its first start, by the file of their passwords. */
export function firstAccounts(server: ServerProcess): {
  readonly alice: Account
  readonly bob: Account
} {
  const text = readFileSync(join(server.directory, FIRST_START_FILE), 'utf8')
  const account = (name: string): Account => {
    const found = new RegExp(`^  (${name}@example\\.test) +(\\S+)$`, 'm').exec(text)
    if (found === null) throw new Error(`no account of ${name} in:\n${text}`)
    const [, address = '', password = ''] = found
    return { address, password }
  }
  return { alice: account('alice'), bob: account('bob') }
}

/** Waits until so many messages are in the mailbox, removes them and returns them as byte strings. */
export function takeMail(
  { ports }: Pick<ServerProcess, 'ports'>,
  account: Account,
  count = 1,
): Promise<readonly string[]> {
  const what = `${count} messages for ${account.address}`
  return eventually(what, () => takeMailAt(ports.pop3s, account, (has) => has === count))
}

/** Removes all messages of the mailbox and returns them; undefined when it does not have enough. */
export async function takeMailAt(
  port: number,
  { address, password }: Account,
  isEnough: (has: number) => boolean,
): Promise<readonly string[] | undefined> {
  await using pop3 = await Pop3Client.open(port, { tls: true })
  const status = await pop3.logIn(address, password)
  if (!status.startsWith('+OK')) throw new Error(status)
  const has = Number(/^\+OK (\d+) messages/.exec(status)?.[1])
  if (!isEnough(has)) return undefined
  const messages: string[] = []
  for (let number = 1; number <= has; number++) {
    messages.push((await pop3.multiline(`RETR ${number}`)).toString('latin1'))
    await pop3.command(`DELE ${number}`)
  }
  await pop3.quit()
  return messages
}

const POLL_MS = 25
const WAIT_MAX_MS = 15_000

/** Asks again and again until the answer is something; for what no event tells. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const endMs = Date.now() + WAIT_MAX_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (Date.now() > endMs) throw new Error(`it did not come to pass: ${what}`)
    await delay(POLL_MS)
  }
}
