// Accounts: people with a mailbox.

import { z } from '@hono/zod-openapi'
import {
  type AccountFacts,
  type AccountListed,
  accountSorts,
  accountStates,
  type FolderFacts,
} from '#shared/administration/accounts.ts'
import { badValue } from '#shared/administration/refusals.ts'
import { extentOf } from '#shared/administration/rights/allowed.ts'
import type { SecretSource } from '#shared/administration/secrets.ts'
import { isContained } from '#shared/directory/records.ts'
import { formatAddress } from '#shared/mail/address.ts'
import { defineBulk, operationsById } from '../bulk.ts'
import { asKnown, type Call } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { listOf } from '../paging.ts'
import {
  accountParams,
  addressText,
  domainText,
  lookedPageOf,
  lookingQuery,
  pageQuery,
  sortQuery,
  text,
  time,
  timeOf,
  warnings,
} from '../schemas.ts'
import { setCookie } from '../session-cookie.ts'
import { findAccount, ofAccount, ofDomainOfAddress, ofList } from '../subjects.ts'

const passwordFacts = z.discriminatedUnion('kind', [
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
    displayName: z.string(),
    quotaBytes: z.number().int().openapi({ description: '0: no limit.' }),
    hasDefaultQuota: z.boolean(),
    usedBytes: z.number().int(),
    messages: z.number().int(),
    password: passwordFacts.openapi({ description: 'How it is stored; never the password.' }),
    createdAt: time,
    frozen: z
      .object({
        reason: z.string(),
        since: time,
        isContained: z.boolean().openapi({
          description: 'All else that let it in is barred too, until it is released.',
        }),
      })
      .nullable(),
    forward: z.object({ to: z.array(z.string()), keep: z.boolean() }).nullable(),
    lastLoginAt: time.nullable().optional().openapi({
      description: 'Where it is what a list is sorted by. Null: none in 180 days.',
    }),
  })
  .openapi('Account')

const folder = z
  .looseObject({
    path: z.string(),
    mailboxId: z.string(),
    messages: z.number().int(),
    unseen: z.number().int(),
    bytes: z.number().int(),
    shared: z.boolean(),
  })
  .openapi('Folder')

/** Bytes: null follows `mailboxSizeLimit`, 0 is no limit. */
const quotaBytes = z
  .number()
  .int()
  .min(0)
  .max(2 ** 50)
  .nullable()
  .openapi({
    description: 'null: as the setting mailboxSizeLimit says; 0: no limit.',
  })
const secrets = {
  password: z.string().max(1_024).optional(),
  passwordHash: z.string().max(1_024).optional().openapi({
    description: 'In place of a password: its hash, as other systems have it.',
  }),
}
const forward = z
  .strictObject({ to: z.array(addressText).max(100), keep: z.boolean().optional() })
  .nullable()

export const newAccount = z.strictObject({
  address: addressText,
  ...secrets,
  quotaBytes: quotaBytes.optional(),
  displayName: text('Ann Example').optional(),
  enabled: z.boolean().optional(),
  shared: z.boolean().optional(),
})

const accountChange = z
  .strictObject({
    enabled: z.boolean().optional(),
    shared: z.boolean().optional(),
    displayName: text('Ann Example').optional(),
    quotaBytes: quotaBytes.optional(),
    forward: forward.optional(),
  })
  .openapi({ description: 'Merge patch (RFC 7396): what is not named stays as it is.' })

const accountOf = ({
  createdMs,
  frozen,
  forward,
  lastLoginMs,
  sessionsEpoch: _,
  ...facts
}: AccountListed) => ({
  ...facts,
  ...(lastLoginMs !== undefined && {
    lastLoginAt: lastLoginMs === null ? null : timeOf(lastLoginMs),
  }),
  createdAt: timeOf(createdMs),
  frozen: frozen && {
    reason: frozen.reason,
    since: timeOf(frozen.sinceMs),
    isContained: isContained({ frozen }),
  },
  forward: forward && { to: [...forward.to], keep: forward.keep },
})

const folderOf = (facts: FolderFacts) => ({ ...facts, messages: facts.exists })

/** Without what mail changes; with what a new password of the same kind changes. */
export const versionOfAccount = ({ usedBytes: _, messages: __, ...facts }: AccountFacts) => facts

/** The address of whom a path names by address or id; what is not there stays as it was written. */
export async function addressOf({ deps }: Pick<Call, 'deps'>, text: string): Promise<string> {
  const found = text.includes('@') ? undefined : await findAccount(text, deps)
  return found === undefined ? text : formatAddress(found.address)
}

/** As administration reads it; a number of bytes is meant as it stands. */
const quotaText = (bytes: number | null | undefined) =>
  bytes === undefined ? undefined : bytes === null ? 'default' : bytes === 0 ? '0' : `${bytes}B`

type Secrets = {
  readonly password?: string | undefined
  readonly passwordHash?: string | undefined
}

const secretOf =
  ({ password, passwordHash }: Secrets): SecretSource =>
  async () => {
    if (passwordHash !== undefined) return { kind: 'hash', hash: passwordHash }
    return password === undefined
      ? undefined
      : { kind: 'password', password: Buffer.from(password) }
  }

const bothSecrets = ({ password, passwordHash }: Secrets) =>
  password !== undefined && passwordHash !== undefined
    ? badValue('password', '', { name: 'not-both' })
    : undefined

export const newAccountOf = ({
  quotaBytes,
  password,
  passwordHash,
  ...facts
}: z.output<typeof newAccount>) => ({
  ...facts,
  quota: quotaText(quotaBytes),
  secret: secretOf({ password, passwordHash }),
})

async function show(call: Call, text: string) {
  return await call.administration.accounts.show(await addressOf(call, text))
}

async function currentAccount({ params }: { params: { account: string } }, call: Call) {
  const shown = await show(call, params.account)
  return shown.kind === 'account' ? versionOfAccount(shown.account) : undefined
}

const done = z.object({ account, warnings })

/** As it is after a change. */
async function changed(call: Call, text: string, warnings: readonly { readonly kind: string }[]) {
  const shown = await show(call, text)
  if (shown.kind !== 'account') return shown
  const version = versionOfAccount(shown.account)
  return answer({ account: accountOf(shown.account), warnings: [...warnings] }, { version })
}

/** Where the password was one’s own: the session that asked has ended with the others, and begins anew. */
async function headersOfNewSession(id: string, { identity, deps, isRehearsal }: Call) {
  const { session } = identity
  if (session?.accountId !== id || isRehearsal) return {}
  const begun = await deps.signIns.begin(session.accountId, session.methods, session.from)
  return begun.kind === 'signed-in' ? Object.fromEntries([setCookie(begun.cookie)]) : {}
}

const removed = z.object({ address: z.string(), messages: z.number().int(), warnings })

/** Without what it costs to tell of each account. */
async function createTogether(bodies: readonly z.output<typeof newAccount>[], call: Call) {
  const both = bodies.map(bothSecrets)
  const wanted = bodies.filter((_, i) => both[i] === undefined)
  const added = (await call.administration.accounts.addAll(wanted.map(newAccountOf))).values()
  return both.map((refusal) => {
    const one = refusal ?? added.next().value
    if (one === undefined) throw new Error('an account without an outcome')
    if (one.kind !== 'added') return one
    return answer({ address: one.address, warnings: [...one.warnings] })
  })
}

const singleAccountOperations = [
  defineOperation({
    id: 'accounts.list',
    method: 'get',
    path: '/accounts',
    summary:
      'Lists accounts, domain by domain in the order of their addresses; or by what they store, or their last login.',
    right: 'directory.read',
    input: {
      query: z.strictObject({
        ...pageQuery,
        ...lookingQuery,
        ...sortQuery(accountSorts),
        domain: domainText.optional(),
        state: z.enum(accountStates).optional(),
      }),
    },
    subject: () => ofList,
    output: lookedPageOf(account),
    fields: { search: { in: 'query', name: 'q' } },
    run: ({ query: { limit, cursor, ...filters } }, call) =>
      listOf(
        call,
        { limit, cursor },
        filters,
        (request) => call.administration.accounts.page(request),
        accountOf,
      ),
  }),
  defineOperation({
    id: 'accounts.create',
    method: 'post',
    path: '/accounts',
    summary: 'Adds an account, with its folders.',
    right: 'directory.write',
    input: { body: newAccount },
    subject: ({ body }) => ofDomainOfAddress(body.address),
    output: done,
    status: 201,
    async run({ body }, call) {
      const both = bothSecrets(body)
      if (both !== undefined) return both
      const added = await call.administration.accounts.add(newAccountOf(body))
      if (added.kind !== 'added') return added
      const told = await changed(call, added.address, added.warnings)
      if (told.kind !== 'answer') return told
      return { ...told, location: `/accounts/${encodeURIComponent(told.value.account.id)}` }
    },
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
      const shown = await show(call, params.account)
      if (shown.kind !== 'account') return shown
      return answer(accountOf(shown.account), { version: versionOfAccount(shown.account) })
    },
  }),
  defineOperation({
    id: 'accounts.folders',
    method: 'get',
    path: '/accounts/{account}/folders',
    summary:
      'Lists the folders of an account, INBOX first; nothing of what is in them but how much.',
    right: 'directory.read',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({ data: z.array(folder) }),
    async run({ params }, call) {
      const shown = await show(call, params.account)
      return shown.kind === 'account' ? answer({ data: shown.folders.map(folderOf) }) : shown
    },
  }),
  defineOperation({
    id: 'accounts.update',
    method: 'patch',
    path: '/accounts/{account}',
    summary: 'Changes what an account may, its quota, or where its mail goes.',
    right: 'directory.write',
    input: { params: accountParams, body: accountChange },
    subject: ({ params }) => ofAccount(params.account),
    output: done,
    current: currentAccount,
    async run({ params, body: { quotaBytes, ...changes } }, call) {
      const address = await addressOf(call, params.account)
      const quota = quotaText(quotaBytes)
      const set = await call.administration.accounts.set(
        { ...changes, address, quota },
        asKnown(call, versionOfAccount),
      )
      return set.kind === 'set' ? await changed(call, address, set.warnings) : set
    },
  }),
  defineOperation({
    id: 'accounts.setPassword',
    method: 'put',
    path: '/accounts/{account}/password',
    summary:
      'Sets another password; sessions of the account end. Of one’s own the session that asks goes on, with another cookie.',
    right: 'credentials.reset',
    input: { params: accountParams, body: z.strictObject(secrets) },
    subject: ({ params }) => ofAccount(params.account),
    output: done,
    current: currentAccount,
    async run({ params, body }, call) {
      const both = bothSecrets(body)
      if (both !== undefined) return both
      if (body.password === undefined && body.passwordHash === undefined) {
        return badValue('password', '', { name: 'password-or-hash' })
      }
      const address = await addressOf(call, params.account)
      const set = await call.administration.accounts.set(
        { address, secret: secretOf(body) },
        asKnown(call, versionOfAccount),
      )
      if (set.kind !== 'set') return set
      const told = await changed(call, address, set.warnings)
      if (told.kind !== 'answer') return told
      return { ...told, headers: await headersOfNewSession(told.value.account.id, call) }
    },
  }),
  defineOperation({
    id: 'accounts.setForward',
    method: 'put',
    path: '/accounts/{account}/forward',
    summary: 'Has the mail of one’s own account sent on, or keeps it here again.',
    right: 'self.write',
    input: { params: accountParams, body: z.strictObject({ forward }) },
    subject: ({ params }) => ofAccount(params.account),
    output: done,
    current: currentAccount,
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const set = await call.administration.accounts.set(
        { address, forward: body.forward },
        asKnown(call, versionOfAccount),
      )
      return set.kind === 'set' ? await changed(call, address, set.warnings) : set
    },
  }),
  defineOperation({
    id: 'accounts.delete',
    method: 'delete',
    path: '/accounts/{account}',
    summary: 'Removes an account with all its mail, and the rights that others gave it.',
    right: 'directory.write',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: removed,
    current: currentAccount,
    async rehearse({ params }, call) {
      const address = await addressOf(call, params.account)
      const measured = await call.administration.accounts.measure(address)
      if (measured.kind !== 'measured') return measured
      return answer({ address: measured.address, messages: measured.messages, warnings: [] })
    },
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const within = extentOf(call.actor, 'directory.read')
      const options = { ...asKnown(call, versionOfAccount), within }
      const gone = await call.administration.accounts.remove(address, options)
      if (gone.kind !== 'removed') return gone
      const { messages, warnings } = gone
      return answer({ address: gone.address, messages, warnings: [...warnings] })
    },
  }),
  defineOperation({
    id: 'accounts.empty',
    method: 'post',
    path: '/accounts/{account}:empty',
    summary: 'Deletes the mail and folders of an account; the account stays.',
    right: 'directory.write',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({ address: z.string(), messages: z.number().int() }),
    async rehearse({ params }, call) {
      const address = await addressOf(call, params.account)
      const measured = await call.administration.accounts.measure(address)
      if (measured.kind !== 'measured') return measured
      return answer({ address: measured.address, messages: measured.messages })
    },
    async run({ params }, call) {
      const address = await addressOf(call, params.account)
      const emptied = await call.administration.accounts.empty(address)
      if (emptied.kind !== 'emptied') return emptied
      return answer({ address: emptied.address, messages: emptied.messages })
    },
  }),
  defineOperation({
    id: 'accounts.freeze',
    method: 'post',
    path: '/accounts/{account}:freeze',
    summary: 'Ends the sending of an account and holds what it has in the queue.',
    right: 'directory.write',
    input: { params: accountParams, body: z.strictObject({ reason: text('spam run') }) },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({ address: z.string(), wasFrozen: z.boolean(), held: z.number().int() }),
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const frozen = await call.administration.accounts.freeze({ ...body, address })
      if (frozen.kind !== 'frozen') return frozen
      const { wasFrozen, held } = frozen
      return answer({ address: frozen.address, wasFrozen, held })
    },
  }),
  defineOperation({
    id: 'accounts.unfreeze',
    method: 'post',
    path: '/accounts/{account}:unfreeze',
    summary: 'Lets an account send again; with release, what was held for it goes on.',
    right: 'directory.write',
    input: { params: accountParams, body: z.strictObject({ release: z.boolean().optional() }) },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({ address: z.string(), wasFrozen: z.boolean(), released: z.number().int() }),
    async run({ params, body }, call) {
      const address = await addressOf(call, params.account)
      const unfrozen = await call.administration.accounts.unfreeze({ ...body, address })
      if (unfrozen.kind !== 'unfrozen') return unfrozen
      const { wasFrozen, released } = unfrozen
      return answer({ address: unfrozen.address, wasFrozen, released })
    },
  }),
]

const named = operationsById(singleAccountOperations)

export const accountOperations = [
  ...singleAccountOperations,
  defineBulk({
    id: 'accounts.bulk',
    path: '/accounts:bulk',
    summary:
      'Creates, updates and deletes many accounts: rows with ref, op and what the operation takes.',
    right: 'directory.write',
    operations: {
      create: {
        operation: named('accounts.create'),
        together: (inputs, call) =>
          createTogether(
            inputs.map(({ body }) => newAccount.parse(body)),
            call,
          ),
      },
      update: { operation: named('accounts.update') },
      delete: { operation: named('accounts.delete') },
      freeze: { operation: named('accounts.freeze') },
      unfreeze: { operation: named('accounts.unfreeze') },
    },
  }),
]
