import type { Command } from 'commander'
import type { TreeNode } from '#shared/administration/alias-tree.ts'
import type { AddressShown, AliasFacts } from '#shared/administration/aliases.ts'
import type { Route } from '#shared/administration/routes.ts'
import { unreachable } from '#shared/runtime/errors.ts'
import type { Define } from './define.ts'
import { importCommand } from './import.ts'
import { readAll } from './listing.ts'
import { columns } from './output.ts'
import { refused } from './refusal-text.ts'
import { explainDeadEnd, warnAll } from './warning-text.ts'

/** `postwolke alias …`: addresses whose mail goes elsewhere; `@domain` is the catch-all. */
export function aliasCommands(parent: Command, define: Define): void {
  const alias = parent
    .command('alias')
    .description('addresses whose mail goes elsewhere; @domain is the catch-all')

  define.quick(alias.command('add <alias> <targets...>'), ['aliases'], {
    about: 'add an alias for one or many addresses, here or anywhere',
    async run({ administration, output, process }, [name, ...targets]) {
      const added = await administration.aliases.add({ alias: name, targets })
      if (added.kind !== 'added') throw refused(added)
      output.print(added.alias, () => [line(added.alias)])
      warnAll(process, added.warnings)
    },
  })

  define.quick(alias.command('list [domain]'), ['aliases'], {
    about: 'list aliases',
    async run({ administration, output }, [name]) {
      const domain = name === '' ? undefined : name
      const all = await readAll((after) => administration.aliases.page({ domain, after }))
      output.print(all, (width) =>
        columns(
          ['ALIAS', 'TARGETS'],
          all.map(({ alias, targets }) => [alias, targets.join(' ')]),
          width,
        ),
      )
    },
  })

  define.quick(alias.command('show <address>'), ['aliases'], {
    about: 'show where mail to an address goes: an alias, an account, a catch-all, or nowhere',
    async run({ administration, output }, [name]) {
      const found = await administration.aliases.show(name)
      switch (found.kind) {
        case 'alias':
          output.print({ ...found.alias, ...shownRoute(found.route) }, () => [
            line(found.alias),
            ...routeLines(found.route),
          ])
          return
        case 'account':
        case 'disabled':
        case 'remote':
          output.print({ alias: null, address: found.address, ...shownRoute(found.route) }, () => [
            `${found.address} is ${whatItIs(found)}`,
            ...routeLines(found.route),
          ])
          return
        default:
          throw refused(found)
      }
    },
  })

  define.quick(alias.command('tree <address>'), ['aliases'], {
    about: 'show the way of mail to an address step by step, with loops marked',
    async run({ administration, output }, [name]) {
      const found = await administration.aliases.tree(name)
      if (found.kind !== 'tree') throw refused(found)
      output.print(found.tree, () => treeLines(found.tree, ''))
    },
  })

  define.quick(alias.command('set <alias> <targets...>'), ['aliases'], {
    about: 'give an alias other targets',
    async run({ administration, output, process }, [name, ...targets]) {
      const changed = await administration.aliases.set({ alias: name, targets })
      if (changed.kind !== 'set') throw refused(changed)
      output.print(changed.alias, () => [line(changed.alias)])
      warnAll(process, changed.warnings)
    },
  })

  define.quick(alias.command('remove <alias>'), ['aliases'], {
    about: 'remove an alias',
    async run({ administration, output, process }, [name]) {
      const removed = await administration.aliases.remove(name)
      if (removed.kind !== 'removed') throw refused(removed)
      output.print({ removed: name }, () => [`alias ${name} removed`])
      warnAll(process, removed.warnings)
    },
  })

  importCommand(alias, define, {
    what: 'aliases',
    about:
      'add the aliases of a file (- for standard input): lines as in virtual(5) or aliases(5), or CSV with a heading',
    update: 'give aliases that are there the targets of the file',
    help: '\nCSV columns: alias, targets; targets with commas in quotes.',
  })
}

function whatItIs({ kind, of }: AddressShown): string {
  switch (kind) {
    case 'account':
      return `the account ${of}`
    case 'disabled':
      return `the account ${of}, which is disabled`
    case 'remote':
      return 'elsewhere: its domain is not one of ours'
    default:
      return unreachable(kind)
  }
}

const treeLines = ({ address, kind, leadsTo }: TreeNode, indent: string): string[] => [
  `${indent}${address} (${kind})`,
  ...leadsTo.flatMap((node) => treeLines(node, `${indent}  `)),
]

const line = ({ alias, targets }: AliasFacts) => `${alias} -> ${targets.join(' ')}`

const shownRoute = ({ accounts, elsewhere, nowhere }: Route) => ({
  accounts,
  elsewhere,
  nowhere: nowhere.map(explainDeadEnd),
})

const routeLines = ({ accounts, elsewhere, nowhere }: Route): string[] => [
  `accounts   ${accounts.join(' ') || 'none'}`,
  `elsewhere  ${elsewhere.join(' ') || 'none'}`,
  ...(nowhere.length > 0 ? [`nowhere    ${nowhere.map(explainDeadEnd).join(', ')}`] : []),
]
