import type { Origin } from './spool.ts'

/** Of mail that we write ourselves: nobody's client. */
export function ownOrigin(hostname: string): Origin {
  return {
    listener: 'local',
    remoteAddress: '127.0.0.1',
    remotePort: 0,
    helo: hostname,
    tls: null,
    account: null,
  }
}
