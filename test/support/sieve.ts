// Runs a Sieve script over a message in memory, in a mailbox that a test describes. Nothing is faked but the facts that are asked for.

import { Buffer } from 'node:buffer'
import type { Action } from '#shared/sieve/actions.ts'
import { compileScript } from '#shared/sieve/compile.ts'
import type { CompiledScript } from '#shared/sieve/compiled.ts'
import { findingText } from '#shared/sieve/finding.ts'
import { bytesSource, readMessage } from '#shared/sieve/read-message.ts'
import type {
  HeaderEditRules,
  MessageVerdict,
  RunContext,
  TraceEvent,
} from '#shared/sieve/run/context.ts'
import { type RunResult, runScripts } from '#shared/sieve/run/interpreter.ts'
import { vocabulary } from '#shared/sieve/vocabulary.ts'

export type Situation = {
  /** The message; line ends as a test writes them. */
  readonly message?: string
  readonly envelope?: Partial<RunContext['envelope']>
  readonly owner?: Partial<RunContext['owner']>
  readonly now?: string
  readonly zone?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Names of folders, with their annotations; of the account under ''. */
  readonly folders?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly specialUses?: Readonly<Record<string, string>>
  readonly folderIds?: readonly string[]
  readonly personal?: Readonly<Record<string, string>>
  readonly global?: Readonly<Record<string, string>>
  readonly verdict?: Partial<MessageVerdict>
  /** What lists hold, by their full names. */
  readonly lists?: Readonly<Record<string, readonly string[]>>
  readonly seen?: ReadonlySet<string>
  readonly limits?: Partial<RunContext['limits']>
  readonly headerEdits?: Partial<HeaderEditRules>
}

/** Fails the test with the findings where the script is refused. */
export function compiled(script: string): CompiledScript {
  const compilation = compileScript(Buffer.from(script), vocabulary)
  if (compilation.kind === 'compiled') return compilation.script
  throw new Error(compilation.findings.map(findingText).join('\n'))
}

/** What is wrong with a script, a line each; warnings of one that compiles. */
export function findings(script: string): readonly string[] {
  const compilation = compileScript(Buffer.from(script), vocabulary)
  const all = compilation.kind === 'compiled' ? compilation.script.warnings : compilation.findings
  return all.map(findingText)
}

export function contextOf(situation: Situation, trace?: (event: TraceEvent) => void): RunContext {
  const { folders = {}, specialUses = {}, folderIds = [], seen = new Set(), lists = {} } = situation
  const message = (situation.message ?? sample).replace(/\r?\n/g, '\r\n')
  return {
    message: readMessage(bytesSource(Buffer.from(message))),
    envelope: { from: 'coyote@desert.example', to: 'me@example.com', ...situation.envelope },
    owner: {
      address: 'me@example.com',
      name: null,
      addresses: ['me@example.com'],
      recipientDelimiter: '+',
      ...situation.owner,
    },
    nowMs: Date.parse(situation.now ?? '2026-11-30T12:00:00Z'),
    zone: situation.zone ?? '+0000',
    environment: (item) => situation.environment?.[item],
    folders: {
      exists: async (name) => name === 'INBOX' || (name !== '' && Object.hasOwn(folders, name)),
      idExists: async (id) => folderIds.includes(id),
      hasSpecialUse: async (name, use) =>
        Object.entries(specialUses).some(
          ([folder, its]) => its === use && (name === null || name === folder),
        ),
      metadata: async (name, entry) => folders[name ?? '']?.[entry],
    },
    verdict: () => ({ spamPercent: undefined, virus: 0, ...situation.verdict }),
    listHolds: async (list, value) => lists[list]?.includes(value),
    listMembers: async (list) => lists[list],
    wasSeen: async (id) => seen.has(id),
    limits: {
      steps: 100_000,
      actions: 32,
      redirects: 4,
      vacationSeconds: { min: 86_400, default: 7 * 86_400, max: 60 * 86_400 },
      ...situation.limits,
    },
    headerEdits: { valueBytes: 2_048, forbidAdd: [], forbidDelete: [], ...situation.headerEdits },
    extensions: vocabulary.extensions,
    ...(trace && { trace }),
  }
}

const sample = 'From: coyote@desert.example\r\nTo: me@example.com\r\nSubject: Hi\r\n\r\nBody\r\n'

export async function run(script: string, situation: Situation = {}): Promise<RunResult> {
  const scripts = [{ name: 'active', script: compiled(script) }]
  return await runScripts(scripts, contextOf(situation), async (location, name) => {
    const text = situation[location]?.[name]
    return text === undefined ? undefined : compiled(text)
  })
}

/** The message as the first action stores or sends it, lines ended by LF; undefined of one that is as it came. */
export async function changedMessage(
  script: string,
  situation: Situation = {},
): Promise<string | undefined> {
  const result = await run(script, situation)
  if (result.kind === 'failed') throw new Error(`line ${result.at.line}: ${result.reason}`)
  const action = result.actions.find((each) => 'message' in each)
  const message = action && 'message' in action ? action.message : undefined
  if (typeof message !== 'object' || message?.changed === undefined) return undefined
  const pieces: Uint8Array[] = []
  for await (const piece of message.changed()) pieces.push(piece)
  return Buffer.concat(pieces).toString().replaceAll('\r\n', '\n')
}

/** What is to be done, one short line each: `keep`, `fileinto Work [\Seen]`, `redirect a@b.example`. Of a run that failed `error: line 3: …`. */
export async function outcome(
  script: string,
  situation: Situation = {},
): Promise<readonly string[]> {
  const result = await run(script, situation)
  if (result.kind === 'failed') return [`error: line ${result.at.line}: ${result.reason}`]
  return result.actions.map(actionText)
}

function actionText(action: Action): string {
  switch (action.kind) {
    case 'keep':
      return `keep${flagsText(action.flags)}`
    case 'fileinto':
      return `fileinto ${action.folder}${flagsText(action.flags)}`
    case 'redirect':
      return `redirect ${action.to}`
    case 'reject':
    case 'ereject':
    case 'vacation':
      return `${action.kind} ${action.reason}`
    case 'notify':
      return `notify ${action.method}`
    case 'discard':
      return 'discard'
  }
}

const flagsText = (flags: readonly string[] | null) =>
  flags === null ? '' : ` [${flags.join(' ')}]`
