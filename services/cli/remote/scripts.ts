// Sieve scripts over the API.

import { isUtf8 } from 'node:buffer'
import type { FilterAdministration, FiltersShown } from '#shared/administration/scripts/filters.ts'
import type {
  ScriptAdministration,
  ScriptChecked,
  ScriptFacts,
  ScriptShown,
} from '#shared/administration/scripts/scripts.ts'
import { SITE } from '#shared/administration/scripts/site.ts'
import type {
  MessagesListed,
  ScriptTrials,
  ScriptTried,
  TryScript,
} from '#shared/administration/scripts/trial.ts'
import { SieveSyntaxError } from '#shared/sieve/finding.ts'
import { type ApiClient, msOf, path, RefusedByServer } from './client.ts'
import { accountPath, canonical } from './names.ts'

type ScriptBody = Omit<ScriptFacts, 'changedMs'> & { readonly changedAt: string }

const factsOf = ({ name, bytes, isActive, changedAt }: ScriptBody): ScriptFacts => ({
  ...{ name, bytes, changedMs: msOf(changedAt), isActive },
})

/** `/accounts/ANN/scripts`, or `/scripts` of those for all. */
const scriptsPath = (owner: string) =>
  owner === SITE ? '/scripts' : `${accountPath(owner)}/scripts`
const ownerOf = (owner: string) => (owner === SITE ? null : canonical(owner))
const oneOf = (owner: string, name: string) => `${scriptsPath(owner)}${path`/${name}`}`

export function remoteScripts(client: ApiClient): ScriptAdministration {
  return {
    async list(owner) {
      const { data } = await client.ask<{ readonly data: readonly ScriptBody[] }>({
        method: 'GET',
        path: scriptsPath(owner),
      })
      return { kind: 'scripts', owner: ownerOf(owner), scripts: data.map(factsOf) }
    },

    async show({ owner, name }) {
      const { text, findings, ...body } = await client.ask<
        ScriptBody & { readonly text: string; readonly findings: ScriptShown['findings'] }
      >({ method: 'GET', path: oneOf(owner, name) })
      const script = { ...factsOf(body), version: 0 }
      return {
        ...{ kind: 'script', owner: ownerOf(owner), script },
        ...{ text: Buffer.from(text), findings },
      }
    },

    async check(bytes) {
      const found = await findingsOfBytes(bytes)
      if (found !== undefined) return { kind: 'checked', isFine: false, findings: found }
      const body = { text: Buffer.from(bytes).toString('utf8') }
      const checked = await client.ask<Omit<ScriptChecked, 'kind'>>({
        ...{ method: 'POST', path: '/scripts:check', body },
      })
      return { kind: 'checked', ...checked }
    },

    async put({ owner, name, text, activate }) {
      const findings = await findingsOfBytes(text)
      if (findings !== undefined) {
        throw new RefusedByServer({
          ...{ kind: 'wrong-script', field: 'script', value: name, findings },
        })
      }
      const { isNew, warnings, ...script } = await client.ask<{
        readonly name: string
        readonly bytes: number
        readonly isActive: boolean
        readonly isNew: boolean
        readonly warnings: ScriptShown['findings']
      }>({
        method: 'PUT',
        path: oneOf(owner, name),
        body: { text: Buffer.from(text).toString('utf8'), ...(activate && { activate }) },
      })
      return { kind: 'put', owner: ownerOf(owner), script, isNew, warnings }
    },

    async activate({ owner, name }) {
      if (owner === SITE) {
        throw new RefusedByServer({
          ...{ kind: 'no-such-script', field: 'script', value: name ?? '', owner: null },
        })
      }
      const done = await client.ask<{
        readonly name: string | null
        readonly before: string | null
      }>({ method: 'POST', path: `${scriptsPath(owner)}:activate`, body: { name } })
      return { kind: 'activated', owner: ownerOf(owner), ...done }
    },

    async rename({ owner, name, to }) {
      const done = await client.ask<{ readonly name: string }>({
        ...{ method: 'POST', path: `${oneOf(owner, name)}:rename`, body: { to } },
      })
      return { kind: 'renamed', owner: ownerOf(owner), from: name, to: done.name }
    },

    async remove({ owner, name }) {
      await client.ask({ method: 'DELETE', path: oneOf(owner, name) })
      return { kind: 'removed', owner: ownerOf(owner), name }
    },
  }
}

/** JSON has no other bytes: what is wrong with them is told here. Undefined: nothing. */
async function findingsOfBytes(bytes: Uint8Array): Promise<ScriptShown['findings'] | undefined> {
  if (isUtf8(bytes)) return undefined
  const { scriptText } = await import('#shared/sieve/language/lexer.ts')
  try {
    scriptText(bytes)
    return undefined
  } catch (error) {
    if (!(error instanceof SieveSyntaxError)) throw error
    return [{ ...error.at, severity: 'error', message: error.message }]
  }
}

type Event = ScriptTried['trace'][number]
type TriedBody = Omit<ScriptTried, 'kind' | 'owner' | 'trace'> & {
  readonly trace: readonly (Omit<Event, 'result'> & { readonly result: boolean | null })[]
}

export function remoteScriptTrials(client: ApiClient): ScriptTrials {
  return {
    async run({ owner, script, message, from, to }) {
      const wanted = { ...wantedOf(script), from, to }
      const [verb, body] =
        message.kind === 'bytes'
          ? ['run', { content: Buffer.from(message.bytes).toString('base64') }]
          : ['runStored', { folder: message.folder, uid: message.uid }]
      const { trace, ...tried } = await client.ask<TriedBody>({
        method: 'POST',
        path: `${accountPath(owner)}/scripts:${verb}`,
        body: { ...wanted, ...body },
      })
      return {
        ...{ kind: 'tried', owner: ownerOf(owner), ...tried },
        trace: trace.map(({ result, ...event }) => ({ ...event, result: result ?? undefined })),
      }
    },
    async messages({ owner, folder }) {
      type Body = Omit<MessagesListed['messages'][number], 'receivedMs'> & {
        readonly receivedAt: string
      }
      const { data } = await client.ask<{ readonly data: readonly Body[] }>({
        ...{ method: 'GET', path: `${scriptsPath(owner)}:messages`, query: { folder } },
      })
      const messages = data.map(({ receivedAt, ...one }) => ({
        ...one,
        receivedMs: msOf(receivedAt),
      }))
      return { kind: 'messages', messages }
    },
  }
}

function wantedOf(script: TryScript['script']) {
  switch (script.kind) {
    case 'active':
      return {}
    case 'named':
      return { name: script.name }
    case 'text':
      return { text: Buffer.from(script.text).toString('utf8') }
  }
}

export function remoteFilters(client: ApiClient): FilterAdministration {
  type Body = Omit<FiltersShown, 'kind' | 'address' | 'versions'>
  const filters = (address: string) => `${accountPath(address)}/filters`
  const shown = (address: string, body: Body): FiltersShown => ({
    ...{ kind: 'filters', address: canonical(address), ...body, versions: [] },
  })
  return {
    async show(address) {
      return shown(address, await client.ask<Body>({ method: 'GET', path: filters(address) }))
    },
    async setRules({ address, rules }) {
      const asked = { method: 'PUT', path: `${filters(address)}/rules`, body: { rules } } as const
      return shown(address, await client.ask<Body>(asked))
    },
    async setAway({ address, ...body }) {
      const asked = { method: 'PUT', path: `${filters(address)}/away`, body } as const
      return shown(address, await client.ask<Body>(asked))
    },
  }
}
