// Accounts: people with a mailbox.

import { z } from '@hono/zod-openapi'
import type { AccountFacts } from '#shared/administration/accounts.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { Call } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { listOf } from '../paging.ts'
import { accountParams, domainText, pageOf, pageQuery, time, timeOf } from '../schemas.ts'
import { findAccount, ofAccount, ofList } from '../subjects.ts'

const password = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('known'), scheme: z.string() }),
  z.object({ kind: z.literal('no-login') }),
  z.object({ kind: z.literal('costly'), scheme: z.string(), exceeds: z.string() }),
  z.object({ kind: z.literal('unsupported'), scheme: z.string() }),
])

const account = z
  .object({
    id: z.string(),
    address: z.string(),
    enabled: z.boolean(),
    shared: z.boolean(),
    quotaBytes: z.number().int().openapi({ description: '0: no limit.' }),
    hasDefaultQuota: z.boolean(),
    usedBytes: z.number().int(),
    messages: z.number().int(),
    password: password.openapi({ description: 'How it is stored; never the password.' }),
    createdAt: time,
    frozen: z.object({ reason: z.string(), since: time }).nullable(),
    forward: z.object({ to: z.array(z.string()), keep: z.boolean() }).nullable(),
  })
  .openapi('Account')

const accountOf = ({ createdMs, frozen, forward, ...facts }: AccountFacts) => ({
  ...facts,
  createdAt: timeOf(createdMs),
  frozen: frozen && { reason: frozen.reason, since: timeOf(frozen.sinceMs) },
  forward: forward && { to: [...forward.to], keep: forward.keep },
})

/** Without what mail changes. */
const versionOf = ({ usedBytes: _, messages: __, ...facts }: AccountFacts) => facts

/** The address of whom a path names by address or id; what is not there stays as it was written. */
async function addressOf({ deps }: Call, text: string): Promise<string> {
  const found = text.includes('@') ? undefined : await findAccount(text, deps)
  return found === undefined ? text : formatAddress(found.address)
}

export const accountOperations = [
  defineOperation({
    id: 'accounts.list',
    method: 'get',
    path: '/accounts',
    summary: 'Lists accounts, domain by domain in the order of their addresses.',
    right: 'directory.read',
    input: { query: z.strictObject({ ...pageQuery, domain: domainText.optional() }) },
    subject: () => ofList,
    output: pageOf(account),
    run: ({ query: { domain, ...page } }, call) =>
      listOf(
        call,
        page,
        { domain },
        (request) => call.administration.accounts.page(request),
        accountOf,
      ),
  }),
  defineOperation({
    id: 'accounts.get',
    method: 'get',
    path: '/accounts/{account}',
    summary: 'Tells of an account.',
    right: 'directory.read',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: account,
    async run({ params }, call) {
      const shown = await call.administration.accounts.show(await addressOf(call, params.account))
      if (shown.kind !== 'account') return shown
      return answer(accountOf(shown.account), { version: versionOf(shown.account) })
    },
  }),
]
