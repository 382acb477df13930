// Makes an SMTP listener of any of the three roles. The composition roots call this and nothing else here.

import type { AddressInfo } from 'node:net'
import type { CloseOptions } from '#shared/net/drain.ts'
import { type SmtpOptions, smtpDefaults } from './config.ts'
import { SmtpServer } from './server.ts'
import type { SmtpDeps } from './session.ts'

export interface SmtpListener {
  /** Resolves when clients can connect, to the first address; rejects when one is taken. */
  listen(): Promise<AddressInfo>
  /** All addresses it listens on. */
  readonly bound: readonly AddressInfo[]
  /**
   * No new connections; idle ones are told to go, transactions may end within `graceMs`, then they are cut off. What got
   * no `250` was not accepted.
   */
  close(options: CloseOptions): Promise<void>
}

export type SmtpListenerOptions = Partial<SmtpOptions> & Pick<SmtpOptions, 'role'>

export function createSmtpListener(options: SmtpListenerOptions, deps: SmtpDeps): SmtpListener {
  const complete = { ...smtpDefaults, ...options }
  if (complete.role === 'submissions' && !deps.certificates) {
    throw new Error('submissions needs a certificate')
  }
  const server = new SmtpServer(complete, deps)
  const bound: AddressInfo[] = []
  return {
    bound,
    async listen() {
      const { port, address, otherAddresses } = complete
      const first = await server.open(address, port)
      bound.push(first)
      try {
        for (const other of otherAddresses) bound.push(await server.open(other, port))
      } catch (error) {
        await server.drain({ graceMs: 0 })
        throw error
      }
      for (const at of bound) deps.log.info({ listener: complete.role, ...at }, 'listening')
      return first
    },
    close: (how) => server.drain(how),
  }
}
