// The directory as somebody sees it who is responsible for some domains: other domains of ours are like those of others. Where mail to
// their addresses goes, and whether there is such an address, he does not learn by leading one of his own there.

import type { Alias } from '#shared/directory/aliases.ts'
import type { Directory } from '#shared/directory/directory.ts'
import type { Domain } from '#shared/mail/domain.ts'
import type { Extent } from './rights/actor.ts'

export function directorySeen(directory: Directory, within: Extent | undefined): Directory {
  if (within === undefined || within.kind === 'all') return directory
  const domains: readonly Domain[] = within.kind === 'domains' ? within.domains : []
  const { aliases } = directory

  async function* list(): AsyncGenerator<Alias> {
    for (const domain of domains) yield* aliases.list(domain)
  }

  return {
    ...directory,
    resolve: async (address) =>
      domains.includes(address.domain) ? await directory.resolve(address) : { kind: 'remote' },
    expand: (addresses, options) => directory.expand(addresses, { ...options, within: domains }),
    aliases: {
      ...aliases,
      list: (domain) => (domain === undefined ? list() : aliases.list(domain)),
    },
  }
}
