import { createOwnAddresses } from '../own-addresses.ts'
import { dunno, permit } from '../restriction.ts'
import { defineWord } from '../word.ts'

/** This machine's own addresses and those under which it is reached through a proxy. */
export const permit_inet_interfaces = defineWord(
  'permit_inet_interfaces',
  (_, { settings, clock }) => {
    const isOwn = createOwnAddresses(settings.proxyInterfaces, clock)
    return ({ origin }) => (isOwn(origin.remoteAddress) ? permit : dunno)
  },
)
