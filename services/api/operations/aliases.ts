// Aliases: addresses whose mail goes elsewhere, to one target or, as groups, to several; `@domain` is a catch-all.

import { z } from '@hono/zod-openapi'
import type { TreeNode } from '#shared/administration/alias-tree.ts'
import type { AliasFacts } from '#shared/administration/aliases.ts'
import type { Actor, Extent } from '#shared/administration/rights/actor.ts'
import { extentOf } from '#shared/administration/rights/allowed.ts'
import { defineBulk, operationsById } from '../bulk.ts'
import { asKnown, type Call } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { listOf } from '../paging.ts'
import {
  addressText,
  domainText,
  lookedPageOf,
  lookingQuery,
  pageQuery,
  warnings,
} from '../schemas.ts'
import { ofAlias, ofDomainOfAddress, ofList } from '../subjects.ts'

const alias = z.object({ alias: z.string(), targets: z.array(z.string()) }).openapi('Alias')
const route = z
  .object({
    accounts: z.array(z.string()),
    elsewhere: z.array(z.string()),
    nowhere: z.array(z.object({ address: z.string(), reason: z.string() })),
  })
  .openapi('Route', { description: 'Where mail goes in the end.' })

const treeNode: z.ZodType<TreeNode> = z
  .object({
    address: z.string(),
    kind: z.enum(['alias', 'account', 'disabled', 'remote', 'unknown', 'loop', 'cut']),
    get leadsTo() {
      return z.array(treeNode)
    },
  })
  .openapi('TreeNode')

/** More than an alias may have, which administration says with its own limit. */
const targets = z.array(addressText).max(2_000)
const params = z.object({ alias: addressText })

const aliasOf = ({ alias, targets }: AliasFacts) => ({ alias, targets: [...targets] })
const done = z.object({ alias, warnings })

/** What is told of the ways of mail ends where his domains end. A token that may not read the directory is told of none. */
const sightOf = (actor: Actor): Extent =>
  extentOf(actor, 'directory.read') ?? { kind: 'domains', domains: [] }

/** Undefined: it is no alias. */
/** The version of an alias: all of it. */
const itself = (alias: AliasFacts) => alias

async function current({ administration }: Call, name: string) {
  const shown = await administration.aliases.show(name)
  // Behind a catch-all another alias answers.
  return shown.kind === 'alias' ? shown.alias : undefined
}

const singleAliasOperations = [
  defineOperation({
    id: 'aliases.list',
    method: 'get',
    path: '/aliases',
    summary: 'Lists aliases, domain by domain in the order of their addresses.',
    right: 'directory.read',
    input: {
      query: z.strictObject({ ...pageQuery, ...lookingQuery, domain: domainText.optional() }),
    },
    subject: () => ofList,
    output: lookedPageOf(alias),
    fields: { search: { in: 'query', name: 'q' } },
    run: ({ query: { limit, cursor, ...filters } }, call) =>
      listOf(
        call,
        { limit, cursor },
        filters,
        (request) => call.administration.aliases.page(request),
        aliasOf,
      ),
  }),
  defineOperation({
    id: 'aliases.create',
    method: 'post',
    path: '/aliases',
    summary: 'Adds an alias.',
    right: 'directory.write',
    input: { body: z.strictObject({ alias: addressText, targets }) },
    subject: ({ body }) => ofAlias(body.alias),
    output: done,
    status: 201,
    async run({ body }, { administration, actor }) {
      const added = await administration.aliases.add({ ...body, within: sightOf(actor) })
      if (added.kind !== 'added') return added
      const { alias, warnings } = added
      return answer(
        { alias: aliasOf(alias), warnings: [...warnings] },
        { location: `/aliases/${encodeURIComponent(alias.alias)}`, version: alias },
      )
    },
  }),
  defineOperation({
    id: 'aliases.get',
    method: 'get',
    path: '/aliases/{alias}',
    summary:
      'Tells where mail to an address of ours goes: by an alias, to an account, to a catch-all.',
    right: 'directory.read',
    input: { params },
    subject: ({ params }) => ofDomainOfAddress(params.alias, 'alias'),
    output: z.union([
      z.object({
        kind: z.literal('alias'),
        alias: z.string(),
        targets: z.array(z.string()),
        route,
      }),
      z.object({
        kind: z.enum(['account', 'disabled', 'remote']),
        address: z.string(),
        of: z.string().nullable(),
        route,
      }),
    ]),
    async run({ params }, { administration, actor }) {
      const shown = await administration.aliases.show(params.alias, sightOf(actor))
      switch (shown.kind) {
        case 'alias': {
          const value = {
            kind: 'alias' as const,
            ...aliasOf(shown.alias),
            route: routeOf(shown.route),
          }
          return answer(value, { version: shown.alias })
        }
        case 'account':
        case 'disabled':
        case 'remote': {
          const { kind, address, of } = shown
          return answer({ kind, address, of, route: routeOf(shown.route) })
        }
        default:
          return shown
      }
    },
  }),
  defineOperation({
    id: 'aliases.tree',
    method: 'get',
    path: '/aliases/{alias}/tree',
    summary: 'Tells the way of mail to an address step by step, with loops marked.',
    right: 'directory.read',
    input: { params },
    subject: ({ params }) => ofDomainOfAddress(params.alias, 'alias'),
    output: treeNode,
    async run({ params }, { administration, actor }) {
      const shown = await administration.aliases.tree(params.alias, sightOf(actor))
      return shown.kind === 'tree' ? answer(shown.tree) : shown
    },
  }),
  defineOperation({
    id: 'aliases.update',
    method: 'patch',
    path: '/aliases/{alias}',
    summary: 'Gives an alias other targets.',
    right: 'directory.write',
    input: { params, body: z.strictObject({ targets }) },
    subject: ({ params }) => ofAlias(params.alias),
    output: done,
    current: ({ params }, call) => current(call, params.alias),
    async run({ params, body }, call) {
      const within = sightOf(call.actor)
      const { aliases } = call.administration
      const set = await aliases.set({ ...params, ...body, within }, asKnown(call, itself))
      if (set.kind !== 'set') return set
      const { alias, warnings } = set
      return answer({ alias: aliasOf(alias), warnings: [...warnings] }, { version: alias })
    },
  }),
  defineOperation({
    id: 'aliases.delete',
    method: 'delete',
    path: '/aliases/{alias}',
    summary: 'Removes an alias.',
    right: 'directory.write',
    input: { params },
    subject: ({ params }) => ofAlias(params.alias),
    output: z.object({ alias: z.string(), warnings }),
    current: ({ params }, call) => current(call, params.alias),
    async run({ params }, call) {
      const options = { ...asKnown(call, itself), within: sightOf(call.actor) }
      const removed = await call.administration.aliases.remove(params.alias, options)
      if (removed.kind !== 'removed') return removed
      return answer({ alias: removed.alias, warnings: [...removed.warnings] })
    },
  }),
]

const named = operationsById(singleAliasOperations)

export const aliasOperations = [
  ...singleAliasOperations,
  defineBulk({
    id: 'aliases.bulk',
    path: '/aliases:bulk',
    summary:
      'Creates, updates and deletes many aliases: rows with ref, op and what the operation takes.',
    right: 'directory.write',
    operations: {
      create: { operation: named('aliases.create') },
      update: { operation: named('aliases.update') },
      delete: { operation: named('aliases.delete') },
    },
  }),
]

function routeOf(route: {
  readonly accounts: readonly string[]
  readonly elsewhere: readonly string[]
  readonly nowhere: readonly { readonly address: string; readonly reason: string }[]
}) {
  return {
    accounts: [...route.accounts],
    elsewhere: [...route.elsewhere],
    nowhere: [...route.nowhere],
  }
}
