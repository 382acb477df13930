// What an account logs in with: asked for at the terminal, or read as a password or a hash made elsewhere.

import { isUtf8 } from 'node:buffer'
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { Secret } from '#shared/administration/secrets.ts'
import type { Process } from './context.ts'
import { CommandFailure } from './failure.ts'
import { type FieldNames, refused } from './refusal-text.ts'

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

/** Undefined when none is given; `asks` says that a person at the terminal is asked for one then. */
export async function readSecret(
  options: Credentials,
  process: Process,
  { asks }: { readonly asks: boolean },
): Promise<Secret | undefined> {
  const { password, passwordStdin, passwordHash, hashStdin, hashFile } = options
  const ways = [password, passwordStdin, passwordHash, hashStdin, hashFile]
  const count = ways.filter((option) => option !== undefined).length
  if (count > 1) throw new CommandFailure('give one password, or one hash', 'usage')
  const { person } = process
  if (password || (passwordStdin && person) || (count === 0 && asks && person)) {
    return newPassword(await askTwice(process))
  }
  if (passwordStdin) {
    return newPassword(oneLine(await process.readStdin('')), nameOfPassword(options, process))
  }
  if (passwordHash !== undefined) return { kind: 'hash', hash: passwordHash }
  if (hashStdin) {
    const hash = person ? await person.askHidden('hash: ') : await process.readStdin('')
    return existingHash(oneLine(hash))
  }
  if (hashFile === undefined) return undefined
  const file = await readFile(hashFile).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(`cannot read the hash: ${error.message}`, 'noInput')
  })
  return existingHash(oneLine(file))
}

/** What the password is called, should it be refused. */
export const nameOfPassword = ({ passwordStdin }: Credentials, { person }: Process): FieldNames =>
  passwordStdin && !person ? { password: 'the password on standard input' } : {}

async function askTwice({ person }: Process): Promise<Buffer | undefined> {
  if (person === undefined) {
    throw new CommandFailure(
      '--password asks at a terminal; --password-stdin reads it elsewhere',
      'usage',
    )
  }
  const first = await person.askHidden('password: ')
  const second = await person.askHidden('the same again: ')
  if (!Buffer.from(first).equals(second)) {
    throw new CommandFailure('the two passwords differ; nothing was changed', 'data')
  }
  return oneLine(first)
}

async function newPassword(password: Buffer | undefined, names?: FieldNames): Promise<Secret> {
  if (password === undefined) {
    const { badPassword } = await import('#shared/administration/secrets.ts')
    throw refused(badPassword, names)
  }
  return { kind: 'password', password }
}

function existingHash(hash: Buffer | undefined): Secret {
  if (hash === undefined) throw new CommandFailure('a hash is one line of UTF-8', 'data')
  return { kind: 'hash', hash: hash.toString() }
}

/** What is given without the end of its line; undefined when it is not one line of UTF-8. */
export function oneLine(given: Uint8Array): Buffer | undefined {
  const text = Buffer.from(given)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  return isUtf8(given) && !/[\r\n]/.test(text) ? Buffer.from(text) : undefined
}
