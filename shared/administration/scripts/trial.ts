// A script tried on a message: every test with its result, and what would be done. Nothing is delivered, remembered or sent. Asked of the
// account are its folders and annotations, as at delivery; what came with the mail (the envelope, what policy found) is not stored with it, so
// the envelope is guessed from the header unless it is given.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import type { ScriptsOwner } from '#shared/directory/scripts.ts'
import { formatAddress } from '#shared/mail/address.ts'
import type { EnvelopeAddress } from '#shared/mail/message-index.ts'
import { usesNamed } from '#shared/mailbox/special-use.ts'
import { StoredMessage } from '#shared/message/stored-message.ts'
import type { Action } from '#shared/sieve/actions.ts'
import type { CompiledScript } from '#shared/sieve/compiled.ts'
import { type Finding, findingText } from '#shared/sieve/finding.ts'
import type { SieveMessage } from '#shared/sieve/message.ts'
import type { FolderFacts, RunContext, TraceEvent } from '#shared/sieve/run/context.ts'
import type { AdministrationDeps } from '../deps.ts'
import type { Fields } from '../fields.ts'
import type { NoSuchFolder, NoSuchMessage, NoSuchScript, WrongScript } from '../refusals.ts'
import { type FoundOwner, findOwner } from './owner.ts'
import { type NoOwner, noSuchScript } from './scripts.ts'

export interface ScriptTrials {
  run(
    request: TryScript,
  ): Promise<ScriptTried | NoOwner | NoSuchScript | WrongScript | NoSuchFolder | NoSuchMessage>
  /** The newest messages of a folder, to choose one from. */
  messages(request: {
    readonly owner: string
    readonly folder: string
  }): Promise<MessagesListed | NoOwner | NoSuchFolder>
}

export type TryScript = {
  /** An address, or `site`. */
  readonly owner: string
  readonly script:
    | { readonly kind: 'active' }
    | { readonly kind: 'named'; readonly name: string }
    /** One that need not be stored. */
    | { readonly kind: 'text'; readonly text: Uint8Array }
  readonly message:
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
    | { readonly kind: 'stored'; readonly folder: string; readonly uid: number }
  /** Addresses of the envelope; '' as sender: the null sender. */
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export type ScriptTried = {
  readonly kind: 'tried'
  readonly owner: string | null
  /** Its name; null: it is not stored. */
  readonly script: string | null
  readonly from: string
  readonly to: string
  /** Each command and test in the order in which they were done. */
  readonly trace: readonly TraceEvent[]
  /** More was done than is told. */
  readonly isCut: boolean
  /** What the script said by `debug_log`. */
  readonly notes: readonly string[]
  /** Of a run that failed only that the message is kept. */
  readonly actions: readonly ActionFacts[]
  readonly failure: {
    readonly script: string
    readonly line: number
    readonly reason: string
  } | null
  readonly warnings: readonly Finding[]
}

export type ActionFacts = {
  readonly kind: Action['kind']
  /** 0: nobody said it; the message is kept. */
  readonly line: number
  readonly folder?: string
  readonly flags?: readonly string[]
  readonly to?: string
  readonly reason?: string
  readonly subject?: string
  /** The script changed the message. */
  readonly isChanged?: true
}

export type MessagesListed = {
  readonly kind: 'messages'
  readonly messages: readonly {
    readonly uid: number
    readonly from: string
    readonly subject: string
    readonly receivedMs: number
  }[]
}

/** Of a trace; a script may do more, nobody reads on. */
const TRACE_EVENTS_MAX = 2_000
const MESSAGES_LISTED = 30

type Deps = Pick<
  AdministrationDeps,
  'clock' | 'directory' | 'mail' | 'mailbox' | 'objects' | 'settings'
>

export function createScriptTrials(deps: Deps, fields: Fields): ScriptTrials {
  const { directory, mail, mailbox, clock, settings } = deps

  /** The name it runs under, and what it is. */
  async function scriptOf(
    found: FoundOwner,
    wanted: TryScript['script'],
  ): Promise<Ready | NoSuchScript | WrongScript> {
    if (wanted.kind === 'text') return await compiled('script', null, wanted.text)
    const catalogue = await directory.scripts.catalogue(found.owner)
    const name = wanted.kind === 'named' ? wanted.name.normalize('NFC') : catalogue.active
    const stored = name === null ? undefined : await directory.scripts.read(found.owner, name)
    if (name === null || stored === undefined) return noSuchScript(found, name ?? '')
    return await compiled(name, name, stored.text)
  }

  async function opened(
    found: FoundOwner,
    wanted: TryScript['message'],
  ): Promise<
    { readonly kind: 'ok'; readonly message: SieveMessage } | NoSuchFolder | NoSuchMessage
  > {
    const { readMessage, bytesSource } = await import('#shared/sieve/read-message.ts')
    if (wanted.kind === 'bytes') {
      return { kind: 'ok', message: readMessage(bytesSource(withLineEnds(wanted.bytes))) }
    }
    const folder = await folderOf(found, wanted.folder)
    if ('kind' in folder) return folder
    const [record] = await mail.readMessages(folder.ref, [wanted.uid as Uid])
    const [blob] = record ? await mail.blobs([record.blobId]) : []
    if (record === undefined || blob === undefined) {
      const value = String(wanted.uid)
      return { kind: 'no-such-message', field: 'uid', value, folder: wanted.folder }
    }
    const stored = new StoredMessage(deps.objects, blob, record.prepend)
    return { kind: 'ok', message: readMessage(stored) }
  }

  async function folderOf(
    { owner, address }: FoundOwner,
    path: string,
  ): Promise<{ readonly ref: FolderRef } | NoSuchFolder> {
    const folder = owner === null ? undefined : await mailbox.folders.find(owner, path)
    if (folder !== undefined) return { ref: folder }
    return { kind: 'no-such-folder', field: 'folder', value: path, account: address ?? 'nobody' }
  }

  return {
    async run({ owner: text, script: wanted, message: given, from, to }) {
      const found = await findOwner(deps, fields, text)
      if (found.kind !== 'found') return found
      const script = await scriptOf(found, wanted)
      if (script.kind !== 'ready') return script
      const open = await opened(found, given)
      if (open.kind !== 'ok') return open
      const own = found.account ? formatAddress(found.account.address) : (to ?? 'nobody@localhost')
      const envelope = { from: from ?? (await senderOf(open.message)), to: to ?? own }
      const trace: TraceEvent[] = []
      const notes: string[] = []
      let isCut = false
      const { vocabulary } = await import('#shared/sieve/vocabulary.ts')
      const { ACTIONS_MAX, STEPS_MAX } = await import('#shared/sieve/limits.ts')
      const context: RunContext = {
        message: open.message,
        envelope,
        owner: {
          address: own,
          name: found.account?.displayName || null,
          addresses: [...new Set([own.toLowerCase(), envelope.to.toLowerCase()])],
          recipientDelimiter: settings.recipientDelimiter,
        },
        nowMs: clock.now(),
        zone: '+0000',
        environment: (item) => environment.get(item),
        folders: folderFacts(deps, found.owner),
        verdict: () => ({ spamPercent: undefined, virus: 0 }),
        listHolds: async () => undefined,
        wasSeen: async () => false,
        limits: {
          steps: STEPS_MAX,
          actions: ACTIONS_MAX,
          redirects: settings.sieveMaxRedirects,
          vacationSeconds: {
            min: settings.sieveVacationMinPeriod / 1_000,
            default: settings.sieveVacationDefaultPeriod / 1_000,
            max: settings.sieveVacationMaxPeriod / 1_000,
          },
        },
        extensions: vocabulary.extensions,
        trace(event) {
          if (trace.length < TRACE_EVENTS_MAX) trace.push(event)
          else isCut = true
        },
        note: (told) => void notes.push(told),
      }
      const { runScripts } = await import('#shared/sieve/run/interpreter.ts')
      const { SieveRunError } = await import('#shared/sieve/run/failure.ts')
      const scripts = [{ name: script.runsAs, script: script.compiled }]
      const result = await runScripts(scripts, context, async (location, name) => {
        const owner = location === 'global' ? null : found.owner
        const stored = await directory.scripts.read(owner, name)
        const included = stored && (await compiled(name, name, stored.text))
        if (included === undefined || included.kind === 'ready') return included?.compiled
        const [first] = included.findings
        throw new SieveRunError(first ? findingText(first) : 'it does not compile')
      })
      const isDone = result.kind === 'done'
      return {
        kind: 'tried',
        owner: found.address,
        script: script.name,
        ...envelope,
        ...{ trace, isCut, notes },
        actions: isDone ? result.actions.map(factsOf) : [{ kind: 'keep', line: 0 }],
        failure: isDone
          ? null
          : { script: result.script, line: result.at.line, reason: result.reason },
        warnings: script.compiled.warnings,
      }
    },

    async messages({ owner: text, folder: path }) {
      const found = await findOwner(deps, fields, text)
      if (found.kind !== 'found') return found
      const folder = await folderOf(found, path)
      if ('kind' in folder) return folder
      const uids = (await mail.openFolder(folder.ref))?.uids
      const newest =
        uids === undefined ? [] : ([...uids].slice(-MESSAGES_LISTED).reverse() as Uid[])
      const records = await mail.readMessages(folder.ref, newest)
      const blobs = await mail.blobs(records.map(({ blobId }) => blobId))
      const { decodeHeaderText } = await import('#shared/mail/encoded-words.ts')
      const messages = records.flatMap(({ uid, internalDateMs, prepend }, i) => {
        const blob = blobs[i]
        if (blob === undefined) return []
        const { envelope } = new StoredMessage(deps.objects, blob, prepend).index()
        const [sender] = envelope.from ?? []
        const name = sender?.name ?? (sender && addressText(sender)) ?? ''
        const from = decodeHeaderText(name)
        const subject = decodeHeaderText(envelope.subject ?? '')
        return [{ uid, from, subject, receivedMs: internalDateMs }]
      })
      return { kind: 'messages', messages }
    },
  }
}

type Ready = {
  readonly kind: 'ready'
  readonly name: string | null
  readonly runsAs: string
  readonly compiled: CompiledScript
}

async function compiled(
  runsAs: string,
  name: string | null,
  text: Uint8Array,
): Promise<Ready | WrongScript> {
  const [{ compileScript }, { vocabulary }] = await Promise.all([
    import('#shared/sieve/compile.ts'),
    import('#shared/sieve/vocabulary.ts'),
  ])
  const compilation = compileScript(text, vocabulary)
  if (compilation.kind === 'compiled') {
    return { kind: 'ready', name, runsAs, compiled: compilation.script }
  }
  const { findings } = compilation
  return { kind: 'wrong-script', field: 'script', value: runsAs, findings }
}

/** RFC 5183 §4.1: what is the same for every message. */
const environment: ReadonlyMap<string, string> = new Map([
  ['name', 'Postwolke'],
  ['location', 'MDA'],
  ['phase', 'during'],
])

/** Of no account nothing is there but INBOX. */
function folderFacts(
  { mailbox: { folders }, mail: { annotations } }: Pick<Deps, 'mail' | 'mailbox'>,
  owner: ScriptsOwner,
): FolderFacts {
  return {
    async exists(path) {
      if (owner === null) return path === 'INBOX'
      return (await folders.find(owner, path)) !== undefined
    },
    async idExists(id) {
      const all = owner === null ? [] : await folders.list(owner)
      return all.some(({ mailboxId }) => mailboxId === id)
    },
    async hasSpecialUse(path, written) {
      const [use] = usesNamed([written]) ?? []
      const found =
        owner === null || use === undefined ? undefined : await folders.findUse(owner, use)
      if (found === undefined || owner === null || path === null) return found !== undefined
      return (await folders.find(owner, path))?.id === found.id
    },
    async metadata(path, entry) {
      if (owner === null) return undefined
      const folder = path === null ? null : await folders.find(owner, path)
      if (folder === undefined) return undefined
      const all = await annotations.get({ accountId: owner, id: folder?.id ?? null })
      const found = all.find((one) => one.entry === entry.toLowerCase())
      return found && Buffer.from(found.value).toString()
    },
  }
}

/** Files have the line ends of their system. */
function withLineEnds(bytes: Uint8Array): Uint8Array {
  return Buffer.from(Buffer.from(bytes).toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1')
}

/** RFC 5321 §4.4: final delivery left it in Return-Path; else whoever says to have written it. */
async function senderOf(message: SieveMessage): Promise<string> {
  const header = await message.header()
  const [path] = header.values('return-path')
  if (path !== undefined) return path.slice(path.indexOf('<') + 1, path.lastIndexOf('>'))
  const [from] = header.addresses('from')
  return from ? addressText(from) : ''
}

const addressText = ({ mailbox, host }: EnvelopeAddress) =>
  mailbox !== null && host !== null ? `${mailbox}@${host}` : ''

function factsOf(action: Action): ActionFacts {
  const { kind } = action
  const line = action.at.line
  switch (action.kind) {
    case 'keep':
    case 'fileinto':
      return {
        ...{ kind, line },
        ...(action.kind === 'fileinto' && { folder: action.folder }),
        ...(action.flags && { flags: action.flags }),
        ...(action.message.changed && { isChanged: true }),
      }
    case 'redirect':
      return { kind, line, to: action.to, ...(action.message.changed && { isChanged: true }) }
    case 'reject':
    case 'ereject':
      return { kind, line, reason: action.reason }
    case 'vacation':
      return {
        ...{ kind, line, reason: action.reason },
        ...(action.subject !== null && { subject: action.subject }),
      }
    case 'notify':
      return {
        ...{ kind, line, to: action.method },
        ...(action.message !== null && { reason: action.message }),
      }
    case 'discard':
      return { kind, line }
  }
}
