import type { Command } from 'commander'
import { addressArgument } from '#shared/administration/fields.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { identifierOf, namedEntries } from '#shared/mailbox/identifiers.ts'
import type { FolderRecord } from '#shared/mailbox/records.ts'
import { formatRights, noRights, parseRights, type Rights } from '#shared/mailbox/rights.ts'
import type { Context } from './context.ts'
import type { Define } from './define.ts'
import { CommandFailure } from './failure.ts'
import { columns } from './output.ts'

/** `postwolke acl …`: who may open whose folders (doveadm acl). */
export function aclCommands(parent: Command, define: Define): void {
  const acl = parent.command('acl').description('rights in the folders of others')

  define(acl.command('show <address> [folder]'), {
    about: 'show who may do what in the folders of an account',
    async run(context, [name, path]) {
      const account = await existing(name, context)
      const { mailbox, people } = context.core
      const tree = await mailbox.folders.tree(account.id)
      const chosen = path === undefined ? tree.folders : [await folderOf(context, name, path)]
      const rows: { folder: string; identifier: string; rights: string }[] = []
      for (const folder of chosen.filter(({ shared }) => shared)) {
        const entries = await namedEntries(people, await mailbox.access.list(folder))
        for (const [identifier, rights] of entries) {
          rows.push({ folder: tree.pathOf(folder), identifier, rights: formatRights(rights) })
        }
      }
      rows.sort((a, b) => (a.folder < b.folder ? -1 : Number(a.folder > b.folder)))
      context.output.print(rows, () =>
        columns(
          ['FOLDER', 'WHO', 'RIGHTS'],
          rows.map(({ folder, identifier, rights }) => [folder, identifier, rights]),
        ),
      )
    },
  })

  define(acl.command('set <address> <folder> <who> <rights>'), {
    about: 'give rights (of lrswipkxtea) to an account or anyone; -- -account takes them away',
    async run(context, [name, path = '', who = '', letters = '']) {
      const rights = parseRights(letters)
      if (rights === undefined || rights === noRights) {
        throw new CommandFailure(`'${letters}' are no rights; allowed: letters of lrswipkxteacd`)
      }
      await change(context, { name, path, who, rights })
      const shown = formatRights(rights)
      context.output.print({ folder: path, identifier: who, rights: shown }, () => [
        `${who} has ${shown} in ${path} of ${name}`,
      ])
    },
  })

  define(acl.command('remove <address> <folder> <who>'), {
    about: 'take the entry of an account, anyone or -account away',
    async run(context, [name, path = '', who = '']) {
      await change(context, { name, path, who, rights: noRights })
      context.output.print({ folder: path, identifier: who, rights: '' }, () => [
        `${who} has no entry in ${path} of ${name}`,
      ])
    },
  })
}

async function change(
  context: Context,
  given: {
    readonly name: string
    readonly path: string
    readonly who: string
    readonly rights: Rights
  },
): Promise<void> {
  const { name, path, who, rights } = given
  const folder = await folderOf(context, name, path)
  const identifier = await identifierOf(context.core.people, who)
  if (identifier === undefined) throw new CommandFailure(`no account ${who}`)
  const set = await context.core.mailbox.access.change(folder, identifier, () => rights)
  switch (set.kind) {
    case 'set':
      return
    case 'no-such-folder':
      throw noFolder(name, path)
    case 'is-owner':
      throw new CommandFailure(`${name} has all rights in its own folders`)
    case 'too-many':
      throw new CommandFailure(`too many entries in ${path}, or too many folders opened to ${who}`)
  }
}

async function folderOf(context: Context, name: string, path: string): Promise<FolderRecord> {
  const { id } = await existing(name, context)
  const folder = await context.core.mailbox.folders.find(id, path)
  if (folder === undefined) throw noFolder(name, path)
  return folder
}

const noFolder = (name: string, path: string) =>
  new CommandFailure(`${name} has no folder ${path}; 'postwolke account show ${name}' lists them`)

async function existing(name: string, context: Context) {
  const address = addressArgument(name, context)
  const found = await context.core.directory.accounts.get(address)
  if (found === undefined) throw new CommandFailure(`no account ${formatAddress(address)}`)
  return found
}
