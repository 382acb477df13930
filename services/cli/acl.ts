import type { Command } from 'commander'
import type { Define } from './define.ts'
import { columns } from './output.ts'
import { refused } from './refusal-text.ts'

/** `postwolke acl …`: who may open whose folders (doveadm acl). */
export function aclCommands(parent: Command, define: Define): void {
  const acl = parent.command('acl').description('rights in the folders of others')

  define(acl.command('show <address> [folder]'), {
    about: 'show who may do what in the folders of an account',
    async run({ administration, output }, [address, folder]) {
      const found = await administration.grants.list({ address, folder })
      if (found.kind !== 'grants') throw refused(found)
      const rows = found.grants.map(({ folder, grantee, rights }) => ({
        folder,
        identifier: grantee,
        rights,
      }))
      output.print(rows, (width) =>
        columns(
          ['FOLDER', 'WHO', 'RIGHTS'],
          rows.map(({ folder, identifier, rights }) => [folder, identifier, rights]),
          width,
        ),
      )
    },
  })

  define(acl.command('set <address> <folder> <who> <rights>'), {
    about: 'give rights (of lrswipkxtea) to an account or anyone; -- -account takes them away',
    async run({ administration, output }, [address, folder = '', grantee = '', rights = '']) {
      const set = await administration.grants.set({ address, folder, grantee, rights })
      if (set.kind !== 'set') throw refused(set)
      output.print({ folder, identifier: grantee, rights: set.rights }, () => [
        `${grantee} has ${set.rights} in ${folder} of ${address}`,
      ])
    },
  })

  define(acl.command('remove <address> <folder> <who>'), {
    about: 'take the entry of an account, anyone or -account away',
    async run({ administration, output }, [address, folder = '', grantee = '']) {
      const removed = await administration.grants.remove({ address, folder, grantee })
      if (removed.kind !== 'set') throw refused(removed)
      output.print({ folder, identifier: grantee, rights: removed.rights }, () => [
        `${grantee} has no entry in ${folder} of ${address}`,
      ])
    },
  })
}
