// What Postfix's commands work with, and how they end.

import { printable } from '#shared/runtime/printable.ts'
import type { Process } from '../context.ts'

export type PostfixProcess = Process & {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly user: { readonly uid: number; readonly name: string }
  /** Waits until it is out: whole messages may be. */
  readonly writeBytes: (bytes: Uint8Array) => Promise<void>
}

/** Runs one command with its words; resolves to its exit status. Rejects with Fatal, or as the other commands do. */
export type PostfixCommand = (words: readonly string[], process: PostfixProcess) => Promise<number>

/** Ends a command as Postfix's `fatal:` does. */
export class Fatal extends Error {
  override readonly name = 'Fatal'
  readonly exitStatus: number

  constructor(message: string, exitStatus: number) {
    super(message)
    this.exitStatus = exitStatus
  }
}

/** sysexits(3). */
export const EX_UNAVAILABLE = 69
export const EX_TEMPFAIL = 75

export const say = ({ say }: PostfixProcess, name: string, text: string) =>
  say(`${name}: ${printable(text)}\n`)
export const warn = (process: PostfixProcess, name: string, text: string) =>
  say(process, name, `warning: ${text}`)

/** As Postfix names who runs a command. */
export const who = ({ user }: PostfixProcess) => `${user.name}(${user.uid})`
