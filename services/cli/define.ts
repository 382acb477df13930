import type { Command } from 'commander'
import { changeFields } from '#services/assembly/administrator-log.ts'
import type { QuickNoun } from '#services/assembly/quick-administration.ts'
import type { AuditRecord } from '#shared/administration/audit/audit.ts'
import {
  type Common,
  type Context,
  type Process,
  type QuickContext,
  withJson,
  withStoreOptions,
} from './context.ts'
import type { Credentials } from './credentials.ts'
import { withAdministration } from './with-administration.ts'

/** Gives a command its common options and runs it on the data folder, which must be there unless it may create it. */
export interface Define {
  <Options extends object>(command: Command, definition: Definition<Context, Options>): void
  /** One that needs no more than these nouns, and starts the sooner for it. */
  quick<Options extends object, N extends QuickNoun>(
    command: Command,
    nouns: readonly N[],
    definition: Definition<QuickContext<N>, Options>,
  ): void
}

type Definition<Given, Options> = {
  readonly about: string
  readonly mayCreate?: boolean
  readonly options?: (command: Command) => unknown
  /** Before the store is opened, by which root becomes its owner: whatever has to be read of files. */
  readonly prepare?: (names: readonly [string, ...string[]], options: Options) => Promise<void>
  readonly run: (
    context: Given,
    names: readonly [string, ...string[]],
    options: Options,
  ) => Promise<void>
}

const onlyLook: readonly string[] = [
  'list',
  'show',
  'check',
  'dns',
  'doctor',
  'status',
  'usage',
  'export',
  'test',
  'explain',
  'replay',
  'trace',
  'plan',
  'run',
]
/** Options that say where and how, and not what. */
const aside: readonly string[] = ['data', 'aws', 'config', 'set', 'json']
const secret: readonly string[] = ['passwordHash'] satisfies readonly (keyof Credentials)[]

/** For the log of the system, which others read too; the queue tells of its messages itself. */
function tell(context: Context, command: Command, options: object, message: string): void {
  if (context.audit === undefined) return
  const { changes } = context
  const group = command.parent?.name()
  const isSilent = onlyLook.includes(command.name()) || isLookUnless(command.name(), options)
  if (isSilent || group === 'queue' || 'dryRun' in options) return
  const told = Object.entries(options)
    .filter(([name]) => !aside.includes(name))
    .map(([name, value]) => [name, secret.includes(name) ? '[hidden]' : value])
  context.log.info(
    {
      command: `${group} ${command.name()}`,
      arguments: cut(command.args.join(' ')),
      ...(told.length > 0 && { options: cut(JSON.stringify(Object.fromEntries(told))) }),
      ...changeFields(changes),
    },
    message,
  )
}

/** What is looked at only leaves no trace in the record. */
async function begin(
  { audit, by }: Pick<Context, 'audit' | 'by'>,
  command: Command,
  options: object,
  first: string,
): Promise<AuditRecord | undefined> {
  const group = command.parent?.name() ?? ''
  const name = command.name()
  if (audit === undefined || isLook(name, options) || 'dryRun' in options) return undefined
  const noun = first === '' || first === 'site' ? undefined : nouns[group]
  const at = first.lastIndexOf('@')
  return await audit.begin({
    actor: {
      accountId: null,
      name: by,
      role: 'owner',
      via: 'local',
      token: null,
      steppedUp: false,
    },
    from: { address: '', client: 'postwolke' },
    operation: `${group} ${name}`,
    object: noun === undefined ? cut(`${group}/${first}`) : cut(`${noun}/${first.toLowerCase()}`),
    accountId: null,
    domain: noun === undefined ? null : cut(first.slice(at + 1).toLowerCase()),
    requestId: null,
  })
}

const looksOfQueue: readonly string[] = ['cat', 'top', 'stats']
const looksElsewhere: readonly string[] = [
  ...['verify', 'spf', 'dkim', 'dmarc', 'arc', 'tree', 'search', 'errors', 'output', 'scores'],
]
/** They look, and with one of these options they change something. */
const changesBy: { readonly [name: string]: readonly string[] } = {
  logins: ['end', 'endSession'],
  sessions: ['end', 'endAll'],
  sending: ['forget'],
}

function isLookUnless(name: string, options: object): boolean {
  const changing = Object.hasOwn(changesBy, name) ? changesBy[name] : undefined
  return changing !== undefined && !changing.some((option) => option in options)
}

const isLook = (name: string, options: object) =>
  [...onlyLook, ...looksOfQueue, ...looksElsewhere].includes(name) || isLookUnless(name, options)

/** What is done to; some name an account by an option. */
const objectOf = (first: string, options: object) =>
  first === '' && 'account' in options && typeof options.account === 'string'
    ? options.account
    : first

const nouns: { readonly [group: string]: string | undefined } = {
  account: 'accounts',
  domain: 'domains',
  alias: 'aliases',
  'app-password': 'accounts',
  owner: 'accounts',
  export: 'accounts',
  acl: 'accounts',
  sieve: 'accounts',
  front: 'accounts',
}

/** An entry of the log that is longer is none that can be read. */
const WORDS_CHARACTERS_MAX = 1_000

const cut = (words: string) =>
  words.length > WORDS_CHARACTERS_MAX ? `${words.slice(0, WORDS_CHARACTERS_MAX)}…` : words

export function createDefine(process: Process): Define {
  const definer =
    (nouns: readonly QuickNoun[] | undefined) =>
    <Options extends object>(
      command: Command,
      { about, mayCreate = false, options: addOptions, prepare, run }: Definition<Context, Options>,
    ) => {
      command.description(about)
      addOptions?.(command)
      withJson(withStoreOptions(command))
      command.action(async () => {
        const options = command.opts<Common & Options>()
        const [first = '', ...rest] = command.processedArgs.flat()
        await prepare?.([first, ...rest], options)
        await withAdministration(options, process, { mayCreate, nouns }, async (context) => {
          const record = await begin(context, command, options, objectOf(first, options))
          try {
            await run(context, [first, ...rest], options)
          } catch (error) {
            // It may have done a part.
            tell(context, command, options, 'command of administrator failed')
            await record?.end({ code: 'failed', changes: context.changes })
            throw error
          }
          await record?.end({ code: 'ok', changes: context.changes })
          tell(context, command, options, 'changed by administrator')
        })
      })
    }
  return Object.assign(definer(undefined), {
    quick: (command, nouns, definition) => definer(nouns)(command, definition),
  } satisfies Pick<Define, 'quick'>)
}
