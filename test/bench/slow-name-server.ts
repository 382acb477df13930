// A name server of its own process, which answers every question after so many milliseconds that there is no such name.

import { startDnsServer } from '#test/support/dns-server.ts'

const delayMs = Number(process.argv[2])
const entry = { delayMs, rcode: 'NXDOMAIN' } as const
const server = await startDnsServer({
  '*.test': { delayMs, a: ['198.18.0.1'] },
  '*.org': entry,
  '*.net': entry,
  '*.arpa': entry,
})
process.send?.(server.address)
