import { networkInterfaces } from 'node:os'
import { parseIpAddress } from '#shared/settings/networks.ts'
import { dunno, permit } from '../restriction.ts'
import { defineWord } from '../word.ts'

/** This machine's own addresses, as they are now, and those under which it is reached through a proxy. */
export const permit_inet_interfaces = defineWord('permit_inet_interfaces', (_, { settings }) => {
  const proxied = settings.proxyInterfaces.map(canonical)
  return ({ origin }) => {
    const here = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    const own = [...here.map(({ address }) => canonical(address)), ...proxied]
    return own.includes(canonical(origin.remoteAddress)) ? permit : dunno
  }
})

function canonical(address: string): string {
  const { bytes } = parseIpAddress(address) ?? {}
  return bytes === undefined ? address : Buffer.from(bytes).toString('hex')
}
