// The directory as it looks to whoever asks about recipients that are rewritten when they are expanded (canonical(5)): an address of ours
// that becomes another is an alias of that. Others' addresses stay others', whatever they become: a map makes nobody relay.

import { type Address, formatAddress, parseAddress } from '#shared/mail/address.ts'
import type { Directory } from './directory.ts'
import type { AddressRewriting } from './rewriting.ts'

export function withRewrittenRecipients(
  directory: Directory,
  rewriting: Pick<AddressRewriting, 'envelope'>,
): Directory {
  /** Undefined: it stays. */
  async function rewritten(address: Address): Promise<Address | undefined> {
    const before = formatAddress(address)
    const after = await rewriting.envelope('recipient', before)
    return after === before ? undefined : parseAddress(after)
  }

  return {
    ...directory,
    async resolve(address) {
      const found = await directory.resolve(address)
      if (found.kind === 'remote') return found
      const target = await rewritten(address)
      return target === undefined ? found : { kind: 'alias', name: address, targets: [target] }
    },
    reach: async (address) => directory.reach((await rewritten(address)) ?? address),
  }
}
