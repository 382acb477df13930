// One program, Postfix's names: which of them it is called by says what it does.

import { StartFailure } from '#services/assembly/start-failure.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { printable } from '#shared/runtime/printable.ts'
import { StorageMisuse } from '#shared/storage/ports.ts'
import { CommandFailure } from '../failure.ts'
import {
  EX_TEMPFAIL,
  EX_UNAVAILABLE,
  Fatal,
  type PostfixCommand,
  type PostfixProcess,
} from './world.ts'

type Entry = {
  /** Where a failure has no status of its own. */
  readonly exitStatus: number
  readonly load: () => Promise<PostfixCommand>
}

/** Each is loaded when it is called: sendmail needs no store. */
const commands: { readonly [name: string]: Entry } = {
  sendmail: { exitStatus: EX_TEMPFAIL, load: async () => (await import('./sendmail.ts')).sendmail },
  mailq: { exitStatus: EX_UNAVAILABLE, load: async () => (await import('./postqueue.ts')).mailq },
  newaliases: { exitStatus: 1, load: async () => (await import('./postmap.ts')).newaliases },
  postqueue: {
    exitStatus: EX_UNAVAILABLE,
    load: async () => (await import('./postqueue.ts')).postqueue,
  },
  postsuper: { exitStatus: 1, load: async () => (await import('./postsuper.ts')).postsuper },
  postcat: { exitStatus: 1, load: async () => (await import('./postcat.ts')).postcat },
  postmap: { exitStatus: 1, load: async () => (await import('./postmap.ts')).postmap },
  postalias: { exitStatus: 1, load: async () => (await import('./postmap.ts')).postalias },
  postconf: { exitStatus: 1, load: async () => (await import('./postconf.ts')).postconf },
  postlog: { exitStatus: 1, load: async () => (await import('./postlog.ts')).postlog },
  postlock: { exitStatus: EX_TEMPFAIL, load: async () => (await import('./refused.ts')).postlock },
  postkick: { exitStatus: 1, load: async () => (await import('./refused.ts')).postkick },
}

export const postfixNames: readonly string[] = Object.keys(commands)

/** The first word is the name; resolves to the exit status. Rejects only for bugs. */
export async function runPostfixCommand(
  [name = '', ...words]: readonly string[],
  process: PostfixProcess,
): Promise<number> {
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry === undefined) {
    process.say(
      `postwolke-postfix: call it as one of ${postfixNames.join(', ')}, or name one first\n`,
    )
    return 64
  }
  try {
    return await (await entry.load())(words, process)
  } catch (error) {
    const { exitStatus } = entry
    const status = error instanceof Fatal ? error.exitStatus : exitStatus
    if (!(error instanceof Error) || !isExpected(error)) throw error
    for (const line of error.message.split('\n'))
      process.say(`${name}: fatal: ${printable(line)}\n`)
    return status
  }
}

const isExpected = (error: Error) =>
  [Fatal, CommandFailure, StartFailure, StorageMisuse, TemporaryFailure].some(
    (kind) => error instanceof kind,
  )
