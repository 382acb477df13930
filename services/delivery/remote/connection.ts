// nodemailer's SMTP connection with five things it does not offer: parameters of our own on MAIL and RCPT (SMTPUTF8 for
// the message's sake, NOTIFY and ORCPT for each recipient), promises that settle however the connection ends, a
// timeout for each phase, replies that are taken for what they say, and transactions without a message. It reaches for internal methods, so nodemailer is
// pinned exactly.

import SMTPConnection, { type Options, type SMTPError } from 'nodemailer/lib/smtp-connection'

/** Parameters to append to a command, with a space before each. */
export type ParametersOf = (command: string) => string

/** How an operation ended. */
export type Ended<T> =
  | { readonly kind: 'done'; readonly value: T | undefined }
  | { readonly kind: 'error'; readonly error: SMTPError }

type Done = (error: SMTPError | null, value?: unknown) => void

export class Connection extends SMTPConnection {
  parametersOf: ParametersOf = () => ''
  /** Says RSET in place of DATA: what is sent then ends as an error, and its envelope knows who was accepted. */
  sendsNoMessage = false

  constructor(options: Options) {
    super(options)
    this.#replace(
      '_sendCommand',
      (send) => (command: string, logged?: string) =>
        command === 'DATA' && this.sendsNoMessage
          ? send('RSET', logged)
          : send(command + this.parametersOf(command), logged),
    )
    this.#replace('_processResponse', (process) => () => {
      const replies: unknown = Reflect.get(this, '_responseQueue')
      if (Array.isArray(replies) && typeof replies[0] === 'string') {
        replies[0] = repairReply(replies[0])
      }
      return process()
    })
    // RFC 5321 §4.1.1.4: 354 and nothing else asks for the message; nodemailer sends it to who says 250 too.
    this.#replace(
      '_actionDATA',
      (act) => (reply: string, done: Done) =>
        act(reply, (error: SMTPError | null, value?: unknown) => {
          if (error || reply.startsWith('3')) done(error, value)
          else done(refusedData(reply))
        }),
    )
    // Whoever waits learns of it in `run`; an error while nobody waits ends the connection, which is all.
    this.on('error', () => undefined)
  }

  #replace(name: string, replacement: (method: (...args: unknown[]) => unknown) => unknown): void {
    const method: unknown = Reflect.get(this, name)
    if (typeof method !== 'function') throw new Error(`this nodemailer has no ${name}`)
    Reflect.set(
      this,
      name,
      replacement((...args) => Reflect.apply(method, this, args)),
    )
  }

  /** Runs an operation of the base class. Some ends of a connection call no callback and only emit events. */
  run<T>(
    operation: (done: (error?: SMTPError | null, value?: T) => void) => void,
  ): Promise<Ended<T>> {
    return new Promise((resolve) => {
      const end = (ended: Ended<T>) => {
        this.off('error', onError)
        this.off('end', onEnd)
        resolve(ended)
      }
      const onError = (error: SMTPError) => end({ kind: 'error', error })
      // The callback, if there is one, comes right behind the event and knows more.
      const onEnd = () => setImmediate(onError, new Error('connection closed'))
      this.on('error', onError)
      this.on('end', onEnd)
      operation((error, value) => end(error ? { kind: 'error', error } : { kind: 'done', value }))
    })
  }

  /** How long the other side may be silent from now on. */
  allowSilence(timeoutMs: number): void {
    if (this._socket) this._socket.setTimeout(timeoutMs)
  }
}

function refusedData(reply: string): SMTPError {
  return Object.assign(new Error(reply), { code: 'EENVELOPE', response: reply, command: 'DATA' })
}

/** Stands before a reply that has no code. */
export const NO_CODE = '(no reply code)'
const CODE = /^[1-5]\d\d(?=[ -]|$)/

/**
 * nodemailer looks at the first digit of a reply alone, so that `2` and `250-no` before `550 such user` pass for success. All lines have
 * the same code (RFC 5321 §4.2.1); where they have not, the last one counts, which ends the reply, as for Postfix.
 */
export function repairReply(reply: string): string {
  if (reply.trim() === '') return reply
  const last = reply.slice(reply.lastIndexOf('\n') + 1)
  const [code] = CODE.exec(last) ?? []
  if (code === undefined) return /^\d{3}-/.test(last) ? reply : `${NO_CODE} ${reply}`
  return reply.startsWith(code) ? reply : reply.replace(/^\d*/, code)
}
