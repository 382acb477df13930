// Access tables: what restriction lists and settings ask of clients, senders and recipients. A table is there while it has entries.

import { z } from '@hono/zod-openapi'
import { sourceOf } from '#shared/administration/imports/lines.ts'
import { badValue } from '#shared/administration/refusals.ts'
import { defineBulk, operationsById } from '../bulk.ts'
import { answer, defineOperation } from '../operation.ts'
import { readBytes } from '../read-input.ts'
import { flag, pageOf, pageQuery, text, warnings } from '../schemas.ts'
import { ofSystem } from '../subjects.ts'

const entry = z.object({ key: z.string(), result: z.string() }).openapi('AccessEntry')
const table = z.object({ table: z.string(), entries: z.number().int() }).openapi('AccessTable')
const tableParams = z.object({ table: text('clients') })
const entryParams = tableParams.extend({
  key: text('192.0.2.0/24').openapi({ description: 'A name, address or network.' }),
})
const { cursor } = pageQuery
/** Of a file that is imported while whoever sent it waits. */
const IMPORT_BYTES_MAX = 4 * 1024 ** 2

const singleAccessTableOperations = [
  defineOperation({
    id: 'accessTables.list',
    method: 'get',
    path: '/accessTables',
    summary: 'Lists access tables.',
    right: 'policy.read',
    subject: () => ofSystem,
    output: z.object({ data: z.array(table) }),
    async run(_, { administration }) {
      const { tables } = await administration.access.tables()
      return answer({ data: [...tables] })
    },
  }),
  defineOperation({
    id: 'accessTables.entries',
    method: 'get',
    path: '/accessTables/{table}/entries',
    summary: 'Lists the entries of a table.',
    right: 'policy.read',
    input: { params: tableParams, query: z.strictObject({ cursor }) },
    subject: () => ofSystem,
    output: pageOf(entry),
    async run({ params, query }, { administration, cursors }) {
      const after = query.cursor === undefined ? undefined : cursors.open(query.cursor, params)
      if (query.cursor !== undefined && after === undefined) {
        return badValue('after', query.cursor, { name: 'cursor' })
      }
      const page = await administration.access.page({ ...params, after })
      if (page.kind !== 'page') return page
      const next = page.next === undefined ? null : cursors.seal(page.next, params)
      return answer({ data: [...page.items], next })
    },
  }),
  defineOperation({
    id: 'accessTables.set',
    method: 'put',
    path: '/accessTables/{table}/entries/{key}',
    summary: 'Adds an entry, or gives one that is there another result.',
    right: 'policy.write',
    input: {
      params: entryParams,
      body: z.strictObject({
        result: text('REJECT'),
        anyResult: z.boolean().optional().openapi({
          description: 'Of a table that only stands for a list, where results say nothing.',
        }),
      }),
    },
    subject: () => ofSystem,
    output: z.object({ entry, before: z.string().nullable(), warnings }),
    async run({ params, body }, { administration }) {
      const set = await administration.access.set({ ...params, ...body })
      if (set.kind !== 'set') return set
      const { entry, before, warnings } = set
      return answer({ entry, before, warnings: [...warnings] })
    },
  }),
  defineOperation({
    id: 'accessTables.remove',
    method: 'delete',
    path: '/accessTables/{table}/entries/{key}',
    summary: 'Removes an entry.',
    right: 'policy.write',
    input: { params: entryParams },
    subject: () => ofSystem,
    output: 'nothing',
    async run({ params }, { administration }) {
      const removed = await administration.access.remove(params)
      return removed.kind === 'removed' ? answer(null) : removed
    },
  }),
  defineOperation({
    id: 'accessTables.delete',
    method: 'delete',
    path: '/accessTables/{table}',
    summary: 'Removes all entries of a table.',
    right: 'policy.write',
    input: { params: tableParams },
    subject: () => ofSystem,
    output: z.object({ entries: z.number().int() }),
    async run({ params }, { administration }) {
      const removed = await administration.access.remove(params)
      return removed.kind === 'removed' ? answer({ entries: removed.entries }) : removed
    },
  }),
  defineOperation({
    id: 'accessTables.import',
    method: 'post',
    path: '/accessTables/{table}:import',
    summary: 'Sets the entries of a file: access(5) as for postmap, or cidr_table(5).',
    right: 'policy.write',
    accepts: 'text/plain',
    bodyBytesMax: IMPORT_BYTES_MAX,
    input: {
      params: tableParams,
      query: z.strictObject({
        skipFaulty: flag.optional().openapi({
          description: 'Lines that are wrong are left out; else nothing is done where one is.',
        }),
        replace: flag.optional().openapi({ description: 'Takes out what is not in the file.' }),
        anyResult: flag.optional(),
        check: flag.optional().openapi({ description: 'Nothing is done, only counted.' }),
      }),
    },
    subject: () => ofSystem,
    output: z.looseObject({
      kind: z.enum(['imported', 'faulty']),
      problems: z.array(z.looseObject({ line: z.number().int() })),
      count: z.number().int(),
    }),
    async run({ params, query: { check = false, ...options } }, call) {
      const read = await readBytes(call.request, IMPORT_BYTES_MAX)
      if (read.kind === 'problem') return read
      const dryRun = check || call.isRehearsal
      const source = sourceOf(read.value)
      const imported = await call.administration.access.import({
        ...{ ...params, ...options, source, dryRun },
      })
      return imported.kind === 'bad-value'
        ? imported
        : answer({ ...imported, problems: [...imported.problems] })
    },
  }),
  defineOperation({
    id: 'accessTables.test',
    method: 'post',
    path: '/accessTables/{table}:test',
    summary: 'Tells what a table says of a client, an address or a name, and what that would do.',
    right: 'policy.read',
    onlyAsks: true,
    input: {
      params: tableParams,
      body: z.strictObject({ of: text('client'), value: text('192.0.2.1') }),
    },
    fields: { kind: { in: 'body', name: 'of' } },
    subject: () => ofSystem,
    output: z.object({
      keys: z.array(z.string()),
      address: z.string().nullable(),
      hit: z.looseObject({}).nullable(),
      action: z.looseObject({}).nullable(),
    }),
    async run({ params, body }, { administration }) {
      const tested = await administration.access.test({ ...params, ...body })
      if (tested.kind !== 'tested') return tested
      const { keys, address, hit, action } = tested
      return answer({
        keys: [...keys],
        address,
        hit: hit && { ...hit },
        action: action && { ...action },
      })
    },
  }),
]

const named = operationsById(singleAccessTableOperations)

export const accessTableOperations = [
  ...singleAccessTableOperations,
  defineBulk({
    id: 'accessTables.bulk',
    path: '/accessTables:bulk',
    summary: 'Sets and removes many entries: rows with ref, op, table, key and result.',
    right: 'policy.write',
    operations: {
      set: { operation: named('accessTables.set') },
      remove: { operation: named('accessTables.remove') },
    },
  }),
]
