// nodemailer's SMTP connection with three things it does not offer: parameters of our own on MAIL and RCPT (SMTPUTF8 for
// the message's sake, NOTIFY and ORCPT for each recipient), promises that settle however the connection ends, and a
// timeout for each phase. It reaches for one internal method, so nodemailer is pinned exactly.

import SMTPConnection, { type Options, type SMTPError } from 'nodemailer/lib/smtp-connection'

/** Parameters to append to a command, with a space before each. */
export type ParametersOf = (command: string) => string

export type Settled<T> =
  | { readonly kind: 'done'; readonly value: T | undefined }
  | { readonly kind: 'error'; readonly error: SMTPError }

export class Connection extends SMTPConnection {
  parametersOf: ParametersOf = () => ''

  constructor(options: Options) {
    super(options)
    const send: unknown = Reflect.get(this, '_sendCommand')
    if (typeof send !== 'function') throw new Error('this nodemailer has no _sendCommand')
    Reflect.set(this, '_sendCommand', (command: string, logged?: string) =>
      Reflect.apply(send, this, [command + this.parametersOf(command), logged]),
    )
    // Whoever waits learns of it in `settled`; an error while nobody waits ends the connection, which is all.
    this.on('error', () => undefined)
  }

  /** Runs an operation of the base class. Some ends of a connection call no callback and only emit events. */
  settled<T>(
    operation: (done: (error?: SMTPError | null, value?: T) => void) => void,
  ): Promise<Settled<T>> {
    return new Promise((resolve) => {
      const settle = (settled: Settled<T>) => {
        this.off('error', onError)
        this.off('end', onEnd)
        resolve(settled)
      }
      const onError = (error: SMTPError) => settle({ kind: 'error', error })
      // The callback, if there is one, comes right behind the event and knows more.
      const onEnd = () => setImmediate(onError, new Error('connection closed'))
      this.on('error', onError)
      this.on('end', onEnd)
      operation((error, value) =>
        settle(error ? { kind: 'error', error } : { kind: 'done', value }),
      )
    })
  }

  /** How long the other side may be silent from now on. */
  allowSilence(timeoutMs: number): void {
    if (this._socket) this._socket.setTimeout(timeoutMs)
  }
}
