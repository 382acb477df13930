// Sieve scripts of an account, and those of all. Their names and sizes are facts of the directory; their texts are content, and so is what a
// script finds in a message.

import { z } from '@hono/zod-openapi'
import type { ScriptFacts, ScriptPut, ScriptShown } from '#shared/administration/scripts/scripts.ts'
import { SITE } from '#shared/administration/scripts/site.ts'
import type { ScriptTried, TryScript } from '#shared/administration/scripts/trial.ts'
import type { Call } from '../call.ts'
import { answer, defineOperation } from '../operation.ts'
import { accountParams, text, time, timeOf } from '../schemas.ts'
import { ofAccount, ofList, ofSystem } from '../subjects.ts'
import { addressOf } from './accounts.ts'

/** As JSON has it, where each byte may be six. */
const SCRIPT_CHARACTERS_MAX = 256 * 1024
const SCRIPT_BODY_BYTES_MAX = 1_600_000
/** Of a message that a script is tried on, in base64. */
const MESSAGE_CHARACTERS_MAX = 8 * 1024 * 1024
const TRIAL_BODY_BYTES_MAX = 10 * 1024 * 1024

const finding = z
  .object({
    line: z.number().int(),
    column: z.number().int(),
    severity: z.enum(['error', 'warning']),
    message: z.string(),
  })
  .openapi('ScriptFinding')

const facts = {
  name: z.string(),
  bytes: z.number().int(),
  changedAt: time,
  isActive: z.boolean(),
}
const script = z.object(facts).openapi('Script')
const wholeScript = z
  .object({ ...facts, text: z.string(), findings: z.array(finding) })
  .openapi('ScriptText')

const put = z.object({
  name: z.string(),
  bytes: z.number().int(),
  isActive: z.boolean(),
  isNew: z.boolean(),
  warnings: z.array(finding),
})

const scriptText = z.string().max(SCRIPT_CHARACTERS_MAX).openapi({ example: 'keep;' })
const scriptName = text('work')

const scriptOf = ({ changedMs, ...one }: ScriptFacts) => ({ ...one, changedAt: timeOf(changedMs) })

const wholeOf = ({ script: { version: _, ...one }, text, findings }: ScriptShown) => ({
  ...scriptOf(one),
  text: Buffer.from(text).toString('utf8'),
  findings: [...findings],
})

const putOf = ({ script, isNew, warnings }: ScriptPut) => ({
  ...script,
  isNew,
  warnings: [...warnings],
})

/** Of the text alone: which one is active changes none of them. */
const versionOf = (version: number) => ({ version })

async function list(call: Call, owner: string) {
  const found = await call.administration.scripts.list(owner)
  return found.kind === 'scripts' ? answer({ data: found.scripts.map(scriptOf) }) : found
}

async function get(call: Call, owner: string, name: string) {
  const shown = await call.administration.scripts.show({ owner, name })
  if (shown.kind !== 'script') return shown
  return answer(wholeOf(shown), { version: versionOf(shown.script.version) })
}

async function current(call: Call, owner: string, name: string) {
  const shown = await call.administration.scripts.show({ owner, name })
  return shown.kind === 'script' ? versionOf(shown.script.version) : undefined
}

async function store(
  call: Call,
  owner: string,
  name: string,
  body: { readonly text: string; readonly activate?: boolean | undefined },
) {
  const { isKnownVersion: isKnown } = call
  const done = await call.administration.scripts.put({
    ...{ owner, name, text: Buffer.from(body.text), activate: body.activate },
    // Who names a version wants that one changed, and none made that is gone meanwhile.
    isAsKnown: isKnown && ((version) => version !== null && isKnown(versionOf(version))),
  })
  return done.kind === 'put' ? answer(putOf(done), done.isNew ? { status: 201 } : {}) : done
}

async function rename(call: Call, owner: string, name: string, to: string) {
  const done = await call.administration.scripts.rename({ owner, name, to })
  return done.kind === 'renamed' ? answer({ name: done.to }) : done
}

async function remove(call: Call, owner: string, name: string) {
  const done = await call.administration.scripts.remove({ owner, name })
  return done.kind === 'removed' ? answer(null) : done
}

const one = accountParams.extend({ script: scriptName })
const siteOne = z.object({ script: scriptName })
const putBody = z.strictObject({ text: scriptText, activate: z.boolean().optional() })
const sitePutBody = z.strictObject({ text: scriptText })
const renameBody = z.strictObject({ to: scriptName })
const listed = z.object({ data: z.array(script) })
const renamed = z.object({ name: z.string() })

const checkedText = z.object({
  isFine: z.boolean().openapi({ description: 'Whether it would be stored.' }),
  findings: z.array(finding),
})

const wantedScript = {
  name: scriptName.optional().openapi({ description: 'Of a stored one; default: the active one.' }),
  text: scriptText.optional().openapi({ description: 'In place of a stored one.' }),
  from: z.string().max(512).optional(),
  to: z.string().max(512).optional(),
}

const traceEvent = z.object({
  script: z.string(),
  line: z.number().int(),
  depth: z.number().int(),
  name: z.string(),
  result: z.boolean().nullable().openapi({ description: 'Of a test; of a command null.' }),
})

const action = z.looseObject({
  kind: z.string(),
  line: z.number().int().openapi({ description: '0: nobody said it.' }),
})

const tried = z
  .object({
    script: z.string().nullable(),
    from: z.string(),
    to: z.string(),
    trace: z.array(traceEvent),
    isCut: z.boolean(),
    notes: z.array(z.string()),
    actions: z.array(action),
    failure: z
      .object({ script: z.string(), line: z.number().int(), reason: z.string() })
      .nullable(),
    warnings: z.array(finding),
  })
  .openapi('ScriptTrial')

const triedOf = ({
  kind: _,
  owner: __,
  trace,
  notes,
  actions,
  warnings,
  ...rest
}: ScriptTried) => ({
  ...rest,
  trace: trace.map(({ result = null, ...event }) => ({ ...event, result })),
  notes: [...notes],
  actions: actions.map((one) => ({ ...one })),
  warnings: [...warnings],
})

type Wanted = {
  readonly name?: string | undefined
  readonly text?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

async function run(
  call: Call,
  owner: string,
  { name, text: written, from, to }: Wanted,
  message: TryScript['message'],
) {
  const wanted: TryScript['script'] =
    written !== undefined
      ? { kind: 'text', text: Buffer.from(written) }
      : name !== undefined
        ? { kind: 'named', name }
        : { kind: 'active' }
  const done = await call.administration.scriptTrials.run({
    ...{ owner, script: wanted, message, from, to },
  })
  return done.kind === 'tried' ? answer(triedOf(done)) : done
}

const content = z.base64().max(MESSAGE_CHARACTERS_MAX).openapi({
  description: 'The message, in base64.',
})

/** Where the name of a script stands in a body. */
const named = { script: { in: 'body', name: 'name' } } as const

export const scriptOperations = [
  defineOperation({
    id: 'scripts.list',
    method: 'get',
    path: '/accounts/{account}/scripts',
    summary: 'Lists the Sieve scripts of an account by name; nothing of what is in them.',
    right: 'directory.read',
    input: { params: accountParams },
    subject: ({ params }) => ofAccount(params.account),
    output: listed,
    run: async ({ params }, call) => await list(call, await addressOf(call, params.account)),
  }),
  defineOperation({
    id: 'scripts.get',
    method: 'get',
    path: '/accounts/{account}/scripts/{script}',
    summary: 'Tells a script with its text, and what is to be said about it.',
    right: 'scripts.read',
    input: { params: one },
    subject: ({ params }) => ofAccount(params.account),
    output: wholeScript,
    run: async ({ params }, call) =>
      await get(call, await addressOf(call, params.account), params.script),
  }),
  defineOperation({
    id: 'scripts.put',
    method: 'put',
    path: '/accounts/{account}/scripts/{script}',
    summary: 'Stores a script, or another text of one; what does not compile is refused whole.',
    right: 'scripts.write',
    bodyBytesMax: SCRIPT_BODY_BYTES_MAX,
    input: { params: one, body: putBody },
    subject: ({ params }) => ofAccount(params.account),
    output: put,
    current: async ({ params }, call) =>
      await current(call, await addressOf(call, params.account), params.script),
    run: async ({ params, body }, call) =>
      await store(call, await addressOf(call, params.account), params.script, body),
  }),
  defineOperation({
    id: 'scripts.activate',
    method: 'post',
    path: '/accounts/{account}/scripts:activate',
    summary: 'Has another script decide what becomes of mail, or none.',
    right: 'scripts.write',
    input: { params: accountParams, body: z.strictObject({ name: scriptName.nullable() }) },
    subject: ({ params }) => ofAccount(params.account),
    fields: named,
    output: z.object({ name: z.string().nullable(), before: z.string().nullable() }),
    async run({ params, body }, call) {
      const owner = await addressOf(call, params.account)
      const done = await call.administration.scripts.activate({ owner, name: body.name })
      return done.kind === 'activated' ? answer({ name: done.name, before: done.before }) : done
    },
  }),
  defineOperation({
    id: 'scripts.rename',
    method: 'post',
    path: '/accounts/{account}/scripts/{script}:rename',
    summary: 'Gives a script another name; the active one stays active.',
    right: 'scripts.write',
    input: { params: one, body: renameBody },
    subject: ({ params }) => ofAccount(params.account),
    output: renamed,
    run: async ({ params, body }, call) =>
      await rename(call, await addressOf(call, params.account), params.script, body.to),
  }),
  defineOperation({
    id: 'scripts.delete',
    method: 'delete',
    path: '/accounts/{account}/scripts/{script}',
    summary: 'Removes a script that is not active.',
    right: 'scripts.write',
    input: { params: one },
    subject: ({ params }) => ofAccount(params.account),
    output: 'nothing',
    run: async ({ params }, call) =>
      await remove(call, await addressOf(call, params.account), params.script),
  }),
  defineOperation({
    id: 'scripts.check',
    method: 'post',
    path: '/scripts:check',
    summary: 'Tells what is wrong with a script, and where; nothing is stored.',
    right: 'signed-in',
    onlyAsks: true,
    bodyBytesMax: SCRIPT_BODY_BYTES_MAX,
    input: { body: z.strictObject({ text: scriptText }) },
    subject: () => ofList,
    output: checkedText,
    async run({ body }, call) {
      const { isFine, findings } = await call.administration.scripts.check(Buffer.from(body.text))
      return answer({ isFine, findings: [...findings] })
    },
  }),
  defineOperation({
    id: 'scripts.run',
    method: 'post',
    path: '/accounts/{account}/scripts:run',
    summary: 'Tries a script on a message that comes with it: each test, and what would be done.',
    right: 'scripts.read',
    onlyAsks: true,
    bodyBytesMax: TRIAL_BODY_BYTES_MAX,
    input: { params: accountParams, body: z.strictObject({ ...wantedScript, content }) },
    subject: ({ params }) => ofAccount(params.account),
    fields: named,
    output: tried,
    async run({ params, body: { content, ...wanted } }, call) {
      const bytes = Buffer.from(content, 'base64')
      return await run(call, await addressOf(call, params.account), wanted, {
        kind: 'bytes',
        bytes,
      })
    },
  }),
  defineOperation({
    id: 'scripts.runStored',
    method: 'post',
    path: '/accounts/{account}/scripts:runStored',
    summary: 'Tries a script on a message of one’s own mailbox.',
    right: 'self.read',
    onlyAsks: true,
    bodyBytesMax: SCRIPT_BODY_BYTES_MAX,
    input: {
      params: accountParams,
      body: z.strictObject({
        ...wantedScript,
        folder: text('INBOX'),
        uid: z
          .number()
          .int()
          .min(1)
          .max(2 ** 32 - 1),
      }),
    },
    subject: ({ params }) => ofAccount(params.account),
    fields: named,
    output: tried,
    async run({ params, body: { folder, uid, ...wanted } }, call) {
      const owner = await addressOf(call, params.account)
      return await run(call, owner, wanted, { kind: 'stored', folder, uid })
    },
  }),
  defineOperation({
    id: 'scripts.messages',
    method: 'get',
    path: '/accounts/{account}/scripts:messages',
    summary: 'Lists the newest messages of a folder of one’s own, to try a script on one of them.',
    right: 'self.read',
    input: { params: accountParams, query: z.strictObject({ folder: text('INBOX').optional() }) },
    subject: ({ params }) => ofAccount(params.account),
    output: z.object({
      data: z.array(
        z.object({
          uid: z.number().int(),
          from: z.string(),
          subject: z.string(),
          receivedAt: time,
        }),
      ),
    }),
    async run({ params, query: { folder = 'INBOX' } }, call) {
      const owner = await addressOf(call, params.account)
      const found = await call.administration.scriptTrials.messages({ owner, folder })
      if (found.kind !== 'messages') return found
      const data = found.messages.map(({ receivedMs, ...one }) => ({
        ...one,
        receivedAt: timeOf(receivedMs),
      }))
      return answer({ data })
    },
  }),
  defineOperation({
    id: 'siteScripts.list',
    method: 'get',
    path: '/scripts',
    summary: 'Lists the scripts that the administrator keeps for all.',
    right: 'settings.read',
    subject: () => ofSystem,
    output: listed,
    run: (_, call) => list(call, SITE),
  }),
  defineOperation({
    id: 'siteScripts.get',
    method: 'get',
    path: '/scripts/{script}',
    summary: 'Tells one of them with its text.',
    right: 'settings.read',
    input: { params: siteOne },
    subject: () => ofSystem,
    output: wholeScript,
    run: ({ params }, call) => get(call, SITE, params.script),
  }),
  defineOperation({
    id: 'siteScripts.put',
    method: 'put',
    path: '/scripts/{script}',
    summary: 'Stores a script for all, or another text of one; settings say which of them run.',
    right: 'policy.write',
    bodyBytesMax: SCRIPT_BODY_BYTES_MAX,
    input: { params: siteOne, body: sitePutBody },
    subject: () => ofSystem,
    output: put,
    current: ({ params }, call) => current(call, SITE, params.script),
    run: ({ params, body }, call) => store(call, SITE, params.script, body),
  }),
  defineOperation({
    id: 'siteScripts.rename',
    method: 'post',
    path: '/scripts/{script}:rename',
    summary: 'Gives one of them another name.',
    right: 'policy.write',
    input: { params: siteOne, body: renameBody },
    subject: () => ofSystem,
    output: renamed,
    run: ({ params, body }, call) => rename(call, SITE, params.script, body.to),
  }),
  defineOperation({
    id: 'siteScripts.delete',
    method: 'delete',
    path: '/scripts/{script}',
    summary: 'Removes one of them.',
    right: 'policy.write',
    input: { params: siteOne },
    subject: () => ofSystem,
    output: 'nothing',
    run: ({ params }, call) => remove(call, SITE, params.script),
  }),
]
