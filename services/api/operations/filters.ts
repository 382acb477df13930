// What the console writes for who knows no Sieve: simple rules, and a reply while away. Each is a script, found under /scripts too.

import { z } from '@hono/zod-openapi'
import {
  AWAY_ADDRESSES_MAX,
  AWAY_TEXT_CHARACTERS_MAX,
  type FiltersShown,
  RULES_MAX,
} from '#shared/administration/scripts/filters.ts'
import { ruleFields, ruleFlags } from '#shared/administration/scripts/rules.ts'
import type { Call } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, addressText, text } from '../schemas.ts'
import { ofAccount } from '../subjects.ts'
import { addressOf } from './accounts.ts'

const ruleAction = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), folder: text('Lists') }),
  z.strictObject({ kind: z.literal('flag'), flag: z.enum(ruleFlags) }),
  z.strictObject({ kind: z.literal('forward'), to: addressText, keep: z.boolean() }),
  z.strictObject({ kind: z.literal('discard') }),
])

const rule = z
  .strictObject({ field: z.enum(ruleFields), contains: text('invoice'), action: ruleAction })
  .openapi('SimpleRule')

const day = z.string().max(10).openapi({ format: 'date', example: '2026-12-24' })

const away = z
  .strictObject({
    from: day.nullable(),
    until: day.nullable(),
    subject: text('I am away'),
    // Longer than any that is taken, so that the rule is what refuses it.
    text: z.string().max(2 * AWAY_TEXT_CHARACTERS_MAX),
    addresses: z.array(addressText).max(2 * AWAY_ADDRESSES_MAX),
  })
  .openapi('Away')

const filters = z
  .object({
    active: z.string().nullable().openapi({ description: 'The script that decides.' }),
    own: z.string().nullable().openapi({
      description: 'Of what decides the script that the console did not write.',
    }),
    rules: z.array(rule).nullable().openapi({
      description: 'null: somebody wrote into the script by hand.',
    }),
    rulesAreOn: z.boolean(),
    away: away.nullable(),
    awayIsOn: z.boolean(),
    awayIsByHand: z.boolean(),
  })
  .openapi('Filters')

const filtersOf = ({
  kind: _,
  address: __,
  versions: ___,
  rules,
  away,
  ...rest
}: FiltersShown) => ({
  ...rest,
  rules: rules && [...rules],
  away: away && { ...away, addresses: [...away.addresses] },
})

const versionOf = ({ active, versions }: FiltersShown) => ({ active, versions })

const answerOf = (shown: FiltersShown) => answer(filtersOf(shown), { version: versionOf(shown) })

async function current({ params }: { params: { account: string } }, call: Call) {
  const shown = await call.administration.filters.show(await addressOf(call, params.account))
  return shown.kind === 'filters' ? versionOf(shown) : undefined
}

export const filterOperations = [
  defineOperation({
    id: 'filters.get',
    method: 'get',
    path: '/accounts/{account}/filters',
    summary: 'Tells the simple rules of an account, and its reply while away.',
    right: 'scripts.read',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: filters,
    async run({ params }, call) {
      const shown = await call.administration.filters.show(await addressOf(call, params.account))
      return shown.kind === 'filters' ? answerOf(shown) : shown
    },
  }),
  defineOperation({
    id: 'filters.setRules',
    method: 'put',
    path: '/accounts/{account}/filters/rules',
    summary: 'Writes simple rules as a script, and has it decide; none: it goes.',
    right: 'scripts.write',
    bodyBytesMax: 512 * 1024,
    input: {
      params: accountParams,
      body: z.strictObject({ rules: z.array(rule).max(2 * RULES_MAX) }),
    },
    subject: ({ params }) => ofAccount(params.account),
    fields: { script: { in: 'body', name: 'rules' }, targets: { in: 'body', name: 'rules' } },
    output: filters,
    current,
    async run({ params, body: { rules } }, call) {
      const address = await addressOf(call, params.account)
      const done = await call.administration.filters.setRules({ address, rules })
      return done.kind === 'filters' ? answerOf(done) : done
    },
  }),
  defineOperation({
    id: 'filters.setAway',
    method: 'put',
    path: '/accounts/{account}/filters/away',
    summary: 'Writes the reply while away as a script, and turns it on or off.',
    right: 'scripts.write',
    input: {
      params: accountParams,
      body: z.strictObject({ isOn: z.boolean(), away }),
    },
    subject: ({ params }) => ofAccount(params.account),
    fields: { script: { in: 'body', name: 'away' }, targets: { in: 'body', name: 'addresses' } },
    output: filters,
    current,
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const done = await call.administration.filters.setAway({ address, ...body })
      return done.kind === 'filters' ? answerOf(done) : done
    },
  }),
]
