// Makes an SMTP listener of any of the three roles. The composition roots call this and nothing else here.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { CloseOptions } from '#shared/net/drain.ts'
import { type SmtpOptions, smtpDefaults } from './config.ts'
import { SmtpServer } from './server.ts'
import type { SmtpServices } from './session.ts'

export interface SmtpListener {
  /** Resolves when clients can connect; rejects when the address is taken. */
  listen(): Promise<AddressInfo>
  /**
   * No new connections; idle ones are told to go, transactions may end within `graceMs`, then they are cut off. What got
   * no `250` was not accepted.
   */
  close(options: CloseOptions): Promise<void>
}

export type SmtpListenerOptions = Partial<SmtpOptions> & Pick<SmtpOptions, 'role'>

export function createSmtpListener(
  options: SmtpListenerOptions,
  services: SmtpServices,
): SmtpListener {
  const complete = { ...smtpDefaults, ...options }
  if (complete.role === 'submissions' && !services.certificates) {
    throw new Error('submissions needs a certificate')
  }
  const server = new SmtpServer(complete, services)
  return {
    async listen() {
      const { port, address } = complete
      server.listen(address === '' ? { port } : { port, host: address })
      await once(server.server, 'listening')
      const bound = server.server.address()
      if (bound === null || typeof bound === 'string') throw new Error('not listening on TCP')
      services.log.info({ listener: complete.role, ...bound }, 'listening')
      return bound
    },
    close: (how) => server.drain(how),
  }
}
