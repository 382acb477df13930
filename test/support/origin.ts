import type { Origin } from '#shared/contracts/spool.ts'

export function origin(account: Origin['account']): Origin {
  return {
    listener: account ? 'submission' : 'smtp',
    remoteAddress: '192.0.2.1',
    remotePort: 4711,
    helo: 'client.test',
    tls: null,
    account,
  }
}
