// What is kept of a password: asked for at the terminal, or read as a password or a hash made elsewhere.

import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { StoredPassword } from '#shared/directory/records.ts'
import { isPassword } from '#shared/sasl/password.ts'
import type { Process } from './context.ts'
import { CommandFailure } from './failure.ts'

export type Credentials = {
  readonly password?: boolean
  readonly passwordStdin?: boolean
  readonly passwordHash?: string
  readonly hashStdin?: boolean
  readonly hashFile?: string
}

export function credentialOptions(command: Command): void {
  command.option('--password', 'ask for the password at the terminal')
  command.option('--password-stdin', 'read the password from standard input (one line)')
  command.option('--hash-stdin', 'read an existing hash: crypt(3), bcrypt, argon2, {SCHEME}…')
  command.option('--hash-file <file>', 'the same from a file')
  command.option('--password-hash <hash>', 'the same here, where other users of the machine see it')
}

/** Loaded only where there is a password: the schemes bring native code with them. */
const loadPasswords = () => import('#shared/auth/passwords.ts')

/** Undefined when none is given; `asks` says that a person at the terminal is asked for one then. */
export async function readCredentials(
  options: Credentials,
  process: Process,
  { asks }: { readonly asks: boolean },
): Promise<StoredPassword | undefined> {
  const { password, passwordStdin, passwordHash, hashStdin, hashFile } = options
  const given = [password, passwordStdin, passwordHash, hashStdin, hashFile]
  const count = given.filter((option) => option !== undefined).length
  if (count > 1) throw new CommandFailure('give one password, or one hash')
  const { person } = process
  if (password || (passwordStdin && person) || (count === 0 && asks && person)) {
    return newPassword(await askTwice(process))
  }
  if (passwordStdin) {
    return newPassword(oneLine(await process.readStdin('')), 'the password on standard input')
  }
  if (passwordHash !== undefined) return existingHash(passwordHash)
  if (hashStdin) {
    const hash = person ? await person.askHidden('hash: ') : await process.readStdin('')
    return existingHash(oneLine(hash))
  }
  if (hashFile === undefined) return undefined
  const file = await readFile(hashFile).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(`cannot read the hash: ${error.message}`)
  })
  return existingHash(oneLine(file))
}

async function askTwice({ person }: Process): Promise<Buffer | undefined> {
  if (person === undefined) {
    throw new CommandFailure('--password asks at a terminal; --password-stdin reads it elsewhere')
  }
  const first = await person.askHidden('password: ')
  const second = await person.askHidden('the same again: ')
  if (!Buffer.from(first).equals(second)) {
    throw new CommandFailure('the two passwords differ; nothing was changed')
  }
  return oneLine(first)
}

async function newPassword(
  line: Buffer | undefined,
  what = 'the password',
): Promise<StoredPassword> {
  const { passwordRule, storedPassword } = await loadPasswords()
  if (line !== undefined && isPassword(line)) return storedPassword(line)
  throw new CommandFailure(`${what} must be one line of UTF-8; ${passwordRule}`)
}

/** Without the password there is no verifier; the first login with the password makes it. */
async function existingHash(given: string | Buffer | undefined): Promise<StoredPassword> {
  if (given === undefined) throw new CommandFailure('a hash is one line of UTF-8')
  const { hashProblem } = await loadPasswords()
  const passwordHash = given.toString()
  const problem = hashProblem(passwordHash)
  if (problem !== undefined) throw new CommandFailure(problem)
  return { passwordHash, scramVerifier: null }
}

/** What is given without the end of its line; undefined when it is not one line of UTF-8. */
function oneLine(given: Uint8Array): Buffer | undefined {
  const text = Buffer.from(given)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  return isUtf8(given) && !/[\r\n]/.test(text) ? Buffer.from(text) : undefined
}
